import { at } from './at';
import { getJson, put, remove, sendJson } from './http';

/** A PACS as an administrator looks after it. */
export interface PacsSite {
  id?: number;
  label: string;
  aeTitle: string;
  host: string | null;
  queryRetrievePort: number | null;
  queryable: boolean;
  defaultQueryRetrievePacs: boolean;
  dicomWebEnabled: boolean;
  dicomWebRootUrl: string | null;
  supportsExtendedNegotiations: boolean;
  enabled: boolean;
}

/** How a PACS names and counts things, and how to fetch from it. */
export interface IdentityRules {
  trustsAccessionNumber: boolean;
  trustsPatientId: boolean;
  patientIdDigits: number;
  accessionNumberDigits: number;
  dateOrder: 'Unknown' | 'DayMonthYear' | 'MonthDayYear';
  answersImageLevel: boolean;
  countsInstances: boolean;
  retrieval: 'Move' | 'Get' | 'DicomWeb' | null;
  parallelRetrievals: number;
  assumedCharacterSet: string | null;
  dicomWebUser: string | null;
  recheckHours: number[];
}

export const defaultRules: IdentityRules = {
  trustsAccessionNumber: true, trustsPatientId: true, patientIdDigits: 0, accessionNumberDigits: 0, dateOrder: 'Unknown', answersImageLevel: true, countsInstances: true, retrieval: null,
  parallelRetrievals: 0, assumedCharacterSet: null, dicomWebUser: null, recheckHours: [24, 168],
};

export const pacsSites = (signal?: AbortSignal) => getJson<PacsSite[]>('/xapi/pacs', signal);
export const rulesOf = (id: number, signal?: AbortSignal) => getJson<IdentityRules>(at('/xapi/pacs/{id}/rules', { id }), signal);

export async function savePacs(site: PacsSite, rules: IdentityRules): Promise<void> {
  const saved = site.id === undefined ? await sendJson<PacsSite>('POST', '/xapi/pacs', site) : await sendJson<PacsSite>('PUT', at('/xapi/pacs/{id}', { id: site.id }), site);
  await sendJson('PUT', at('/xapi/pacs/{id}/rules', { id: saved!.id! }), rules);
}

export const removePacs = (id: number) => remove(at('/xapi/pacs/{id}', { id }));

/** Asks a PACS whether it is there (C-ECHO). */
export const askPacs = (id: number) => getJson<{ successful: boolean; pingTime: number }>(at('/xapi/pacs/{id}/status', { id }));

export const days = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const;
export type Day = (typeof days)[number];

/** Hours of a weekday in which a PACS may be asked for images; local time of the server. */
export interface Hours {
  id?: number;
  pacsId: number;
  dayOfWeek: Day;
  availabilityStart: string;
  availabilityEnd: string;
  threads: number;
  utilizationPercent: number;
  availableNow?: boolean;
}

export const hoursOf = (pacsId: number, signal?: AbortSignal) => getJson<Record<Day, Hours[]>>(at('/xapi/pacs/{id}/availability', { id: pacsId }), signal);
export const saveHours = (hours: Hours) =>
  hours.id === undefined ? sendJson('POST', at('/xapi/pacs/{id}/availability', { id: hours.pacsId }), hours) : put(at('/xapi/pacs/{id}/availability/{aid}', { id: hours.pacsId, aid: hours.id }), JSON.stringify(hours), 'application/json');
export const removeHours = (hours: Hours) => remove(at('/xapi/pacs/{id}/availability/{aid}', { id: hours.pacsId, aid: hours.id! }));
