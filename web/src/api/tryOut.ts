import { at } from './at';
import { send, withQuery } from './http';

export interface Cause {
  step: string;
  line: number | null;
  column: number | null;
  statement: string;
}

export interface TriedAttribute {
  path: string;
  name: string;
  vr: string;
  before: string | null;
  after: string | null;
  change: 'kept' | 'changed' | 'removed' | 'added';
  by: Cause[];
}

export interface TriedObject {
  name: string;
  outcome: 'passed' | 'rejected' | 'quarantined';
  reason: { scope: string; line: number | null; statement: string; reason: string } | null;
  truncated: boolean;
  attributes: TriedAttribute[];
  notices: { step: string; line: number; column: number; reason: string }[];
  echo: string[];
  residual: { path: string; vr: string; kind: string; isBlanked: boolean }[];
  pixels: { rule: string | null; action: string; altered: boolean; textFound: boolean; before: string | null; after: string | null } | null;
}

/** What a script would make of a few objects. */
export interface Trial {
  objectsInSource: number;
  residualPolicy: string;
  warnings: { step: string; line: number; column: number; reason: string; certain: boolean }[];
  objects: TriedObject[];
}

export interface TrialRequest {
  /** Whose script it is; none for the site's. */
  project: string | undefined;
  script: string;
  /** Accession of an archived session; none where a file is given. */
  experiment?: string;
  file?: File;
}

/** Tries a script on a session or a file; nothing is stored. Values come back, for those who may see them anyway. */
export async function tryScript({ project, script, experiment, file }: TrialRequest): Promise<Trial> {
  const source = experiment && project ? `/archive/projects/${encodeURIComponent(project)}/experiments/${encodeURIComponent(experiment)}` : undefined;
  const address = withQuery(at('/xapi/anonymize/test', {}), { project, step: project ? 'project' : 'site', source, limit: 5 });
  let body: BodyInit = script;
  if (file) {
    body = new FormData();
    body.append('script', script);
    body.append('file', file, 'file');
  }
  return (await (await send(address, { method: 'POST', body, headers: file ? undefined : { 'Content-Type': 'text/plain' } })).json()) as Trial;
}
