import { getJson, path, put, RequestFailed, send, sendJson, withQuery } from './http';

/** A PACS as the site lists it. */
export interface Pacs {
  id: number;
  label: string;
  aeTitle: string;
  host: string | null;
  queryRetrievePort: number | null;
  queryable: boolean;
  defaultQueryRetrievePacs: boolean;
}

export const pacsList = (signal?: AbortSignal) => getJson<Pacs[]>('/xapi/pacs', signal);

export interface Study {
  studyInstanceUid: string;
  studyDescription: string;
  accessionNumber: string;
  studyDate: string;
  modalitiesInStudy: string[];
  numberOfStudyRelatedSeries: number | null;
  numberOfStudyRelatedInstances: number | null;
  patient: { id: string; name: string; sex: string };
}

export interface Series {
  seriesInstanceUid: string;
  seriesNumber: string;
  modality: string;
  seriesDescription: string;
  numberOfRelatedInstances: number | null;
}

/** What to look for; in the body of the request, since it names patients. */
export interface Criteria {
  pacsId: number;
  patientId?: string;
  patientName?: string;
  accessionNumber?: string;
  modality?: string;
  studyDateFrom?: string;
  studyDateTo?: string;
}

export const searchStudies = async (criteria: Criteria) => (await sendJson<Study[]>('POST', '/xapi/dqr/query/studies', criteria)) ?? [];

export async function seriesOf(pacsId: number, studyInstanceUid: string): Promise<Series[]> {
  const found = await sendJson<Record<string, { results: Series[] }>>('POST', '/xapi/dqr/query/series', { pacsId, studyInstanceUids: [studyInstanceUid] });
  return found?.[studyInstanceUid]?.results ?? [];
}

export interface Receiver {
  id: number;
  aeTitle: string;
  port: number;
  enabled: boolean;
}

export interface Order {
  pacsId: number;
  projectId: string;
  aeTitle: string;
  port: number;
  studies: { studyInstanceUid: string; seriesInstanceUids?: string[]; relabelMap: Record<string, string> }[];
}

export const importStudies = (order: Order) => sendJson<{ id: number }[]>('POST', '/xapi/dqr/import', order);

export type RowState = 'Accepted' | 'Repaired' | 'Ambiguous' | 'Refused';

export interface ListRow {
  number: number;
  line: number;
  state: RowState;
  notes: string[];
  criteria: Record<string, string | null>;
  subject: string | null;
  session: string | null;
}

export interface ListPreview {
  fault: string | null;
  repairs: string[];
  unknownHeaders: string[];
  rows: ListRow[];
  counts: Record<RowState, number>;
}

function listForm(list: Blob, pacsId: number, projectId: string): FormData {
  const body = new FormData();
  body.append('projectId', projectId);
  body.append('pacsId', String(pacsId));
  body.append('csv_to_store', list, 'list.csv');
  return body;
}

export const previewList = async (list: Blob, pacsId: number, projectId: string) =>
  (await (await send('/xapi/dqr/import/lists/preview', { method: 'POST', body: listForm(list, pacsId, projectId) })).json()) as ListPreview;

export const startList = async (list: Blob, pacsId: number, projectId: string) =>
  (await (await send('/xapi/dqr/import/lists', { method: 'POST', body: listForm(list, pacsId, projectId) })).json()) as { batch: string; known: boolean };

export interface Batch {
  id: string;
  username: string;
  pacsId: number;
  projectId: string;
  rows: number;
  created: number;
  counts: Record<string, number> | null;
}

export const batches = (signal?: AbortSignal) => getJson<Batch[]>('/xapi/dqr/import/batches', signal);
export const batch = (id: string, signal?: AbortSignal) => getJson<Batch>(path`/xapi/dqr/import/batches/${id}`, signal);
export const steerBatch = (id: string, action: string) => put(path`/xapi/dqr/import/batches/${id}/${action}`);
export const steerRequest = (id: number, action: string) => put(path`/xapi/dqr/import/queue/${id}/${action}`);

export interface ImportRequest {
  id: number;
  xnatProject: string;
  state: string;
  status: string;
  subjectLabel: string | null;
  experimentLabel: string | null;
  row: number | null;
  expected: number | null;
  arrived: number;
  errorMessage: string | null;
  retries: number;
  timestamp: number;
  nextAttempt: number | null;
  batch: string | null;
}

export const batchRows = (id: string, signal?: AbortSignal) => getJson<ImportRequest[]>(withQuery(path`/xapi/dqr/import/batches/${id}/rows`, { size: 1000 }), signal);
export const requests = (list: 'queue' | 'history', signal?: AbortSignal) => getJson<ImportRequest[]>(withQuery(`/xapi/dqr/import/${list}`, { pageSize: 500 }), signal);

/** True where the person may not use query-retrieve at all. */
export const isNotAllowed = (error: unknown) => error instanceof RequestFailed && error.status === 403;
