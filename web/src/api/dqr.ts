import { at } from './at';
import { getJson, put, RequestFailed, send, sendJson, withQuery } from './http';

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

/** How a search ended. */
export interface SearchEnd {
  count: number;
  /** There are more, which were not asked for. */
  isLimited: boolean;
  problem: string | null;
}

const isEnd = (line: Study | SearchEnd): line is SearchEnd => 'count' in line;

/** Searches a PACS; studies are handed over as it names them, a line each. */
export async function searchStudies(criteria: Criteria, signal: AbortSignal, onStudies: (studies: Study[]) => void): Promise<SearchEnd> {
  const response = await send('/xapi/dqr/query/studies', {
    method: 'POST', body: JSON.stringify(criteria), headers: { 'Content-Type': 'application/json', Accept: 'application/x-ndjson' }, signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let end: SearchEnd = { count: 0, isLimited: false, problem: 'The answer broke off.' };
  for (let left = ''; ; ) {
    const { value, done } = await reader.read();
    const lines = (left + (value ?? '')).split('\n');
    left = lines.pop()!;
    const read = lines.filter(Boolean).map((line) => JSON.parse(line) as Study | SearchEnd);
    const studies = read.filter((line) => !isEnd(line)) as Study[];
    if (studies.length > 0) onStudies(studies);
    end = read.find(isEnd) ?? end;
    if (done) return end;
  }
}

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
  /** What stands in the file, by the columns' own names. */
  cells: Record<string, string>;
}

export interface ListPreview {
  fault: string | null;
  repairs: string[];
  unknownHeaders: string[];
  rows: ListRow[];
  counts: Record<RowState, number>;
}

/** Where a list goes, and how. */
export interface ListTarget {
  pacsId: number;
  projectId: string;
  /** Studies of sessions that are archived already are added to them. */
  append: boolean;
}

function listForm(list: Blob, target: ListTarget): FormData {
  const body = new FormData();
  body.append('projectId', target.projectId);
  body.append('pacsId', String(target.pacsId));
  body.append('append', String(target.append));
  body.append('csv_to_store', list, 'list.csv');
  return body;
}

export const previewList = async (list: Blob, target: ListTarget) =>
  (await (await send('/xapi/dqr/import/lists/preview', { method: 'POST', body: listForm(list, target) })).json()) as ListPreview;

export const startList = async (list: Blob, target: ListTarget) =>
  (await (await send('/xapi/dqr/import/lists', { method: 'POST', body: listForm(list, target) })).json()) as { batch: string; known: boolean };

const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;

/** Writes a list anew from its cells, changed ones included. */
export function writeList(rows: readonly ListRow[], changes: ReadonlyMap<number, Record<string, string>>): Blob {
  const columns = [...new Set(rows.flatMap((r) => [...Object.keys(r.cells), ...Object.keys(changes.get(r.number) ?? {})]))];
  const line = (cells: string[]) => cells.map(quoted).join(',');
  return new Blob([[line(columns), ...rows.map((r) => line(columns.map((c) => changes.get(r.number)?.[c] ?? r.cells[c] ?? '')))].join('\r\n')], { type: 'text/csv' });
}

export interface Batch {
  id: string;
  username: string;
  pacsId: number;
  projectId: string;
  rows: number;
  created: number;
  counts: Record<string, number> | null;
}

/** Lists that were started, newest first; everybody's for those who may see them. */
export const batches = (everybody: boolean, signal?: AbortSignal) => getJson<Batch[]>(withQuery('/xapi/dqr/import/batches', { all: everybody || undefined }), signal);
export const batch = (id: string, signal?: AbortSignal) => getJson<Batch>(at('/xapi/dqr/import/batches/{id}', { id }), signal);
export const steerBatch = (id: string, action: string, priority?: number) => put(withQuery(at('/xapi/dqr/import/batches/{id}/{action}', { id, action }), { value: priority }));
export const steerRequest = (id: number, action: string, priority?: number) => put(withQuery(at('/xapi/dqr/import/queue/{id}/{action}', { id, action }), { value: priority }));

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
  priority: number;
}

/** How many rows of a batch are read at once. */
export const rowsAtOnce = 1000;

export const batchRows = (id: string, after: number, state: string | undefined, signal?: AbortSignal) =>
  getJson<ImportRequest[]>(withQuery(at('/xapi/dqr/import/batches/{id}/rows', { id }), { after, size: rowsAtOnce, state }), signal);

/** What arrived of a study and what is missing, as it was compared with the PACS. */
export interface ImportReport {
  expected: number | null;
  arrived: number;
  stored: number;
  conflicts: number;
  rejected: number;
  filtered: number;
  optedOut: number;
  quarantined: number;
  rounds: number;
  series: { number: string; modality: string; expected: number | null; arrived: number; missing: string[] }[];
}

export async function importReport(id: number, signal?: AbortSignal): Promise<ImportReport | null> {
  const text = await (await send(at('/xapi/dqr/import/history/{id}/report', { id }), { signal })).text();
  return text ? (JSON.parse(text) as ImportReport) : null;
}

export const requests = (list: 'queue' | 'history', everybody: boolean, signal?: AbortSignal) =>
  getJson<ImportRequest[]>(withQuery(`/xapi/dqr/import/${list}`, { pageSize: 500, all: everybody || undefined }), signal);

/** True where the person may not use query-retrieve at all. */
export const isNotAllowed = (error: unknown) => error instanceof RequestFailed && error.status === 403;
