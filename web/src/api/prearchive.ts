import { post } from './http';

/** A session of the prearchive as the site shows it. */
export interface PrearchiveSession {
  project: string;
  url: string;
  subject: string;
  label: string;
  status: string;
  xsiType: string | null;
  uploaded: string;
  lastModified: string;
  scanDate: string | null;
  scans: number;
  objects: number;
  size: number;
  conflicts: number;
  quarantined: number;
  problem: string | null;
  /** The archive has a session of this label in the project already. */
  inArchive: boolean;
}

export interface ArchiveChoice {
  project?: string;
  subject?: string;
  session?: string;
  overwrite?: 'none' | 'append' | 'delete';
  overwrite_files?: 'true';
}

/** Where a session stands beside the archived one of its label. */
export const comparisonPlace = (session: PrearchiveSession) => `/prearchive/${session.url.split('/').slice(3).map(encodeURIComponent).join('/')}`;

// In the body, since labels do not belong into addresses.
function form(sources: string[], fields: Record<string, string | undefined>): URLSearchParams {
  const body = new URLSearchParams(sources.map((url) => ['src', url]));
  for (const [name, value] of Object.entries(fields)) if (value) body.append(name, value);
  return body;
}

export const archive = (url: string, choice: ArchiveChoice = {}) => post('/data/services/archive', form([url], { ...choice }));

export const removeSessions = (urls: string[]) => post('/data/services/prearchive/delete', form(urls, {}));

export const rebuild = (urls: string[]) => post('/data/services/prearchive/rebuild', form(urls, {}));

export const move = (urls: string[], project: string) => post('/data/services/prearchive/move', form(urls, { newProject: project }));

export const relabel = (url: string, subject: string, session: string) => post(`/data${url}`, new URLSearchParams({ action: 'relabel', subject, session }));
