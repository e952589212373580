import { at } from './at';
import { getJson, remove, sendJson, withQuery } from './http';

/** An object that could not be de-identified: encrypted, until somebody decides. */
export interface Quarantined {
  id: string;
  received: string;
  projectId: string | null;
  scope: 'site' | 'project';
  kind: 'script' | 'pixels' | 'unreadable';
  line: number | null;
  position: number | null;
  statement: string;
  reason: string;
  size: number;
  receiver: string;
  experimentId: string | null;
  attempts: number;
  lastAttempt: string | null;
}

export const quarantined = (project: string | undefined, signal?: AbortSignal) => getJson<Quarantined[]>(withQuery('/xapi/quarantine', { project, limit: 10_000 }), signal);

/** What an object is made of; never its values. */
export interface Inspection {
  transferSyntax: string;
  truncated: boolean;
  attributes: { path: string; vr: string; name: string; length: number; kind: string; pattern: string | null; hash: string | null; items: number | null }[];
}

export const inspect = (id: string, signal?: AbortSignal) => getJson<Inspection>(at('/xapi/quarantine/{id}/attributes', { id }), signal);

/** What became of objects that were tried again. */
export interface Retried {
  objects: { id: string; outcome: string; session: string | null; reason: { reason: string; line: number | null } | null }[];
  archived: { session: string; archived: string | null; reason: string | null }[];
}

export const retry = async (ids: string[]) => (await sendJson<Retried>('POST', '/xapi/quarantine/retry', { ids }))!;

export async function discard(ids: string[]): Promise<void> {
  if (ids.length === 1) await remove(at('/xapi/quarantine/{id}', { id: ids[0]! }));
  else await sendJson('POST', '/xapi/quarantine/delete', { ids });
}
