import { getJson, path } from './http';

export type InstanceState = 'new' | 'identical' | 'different' | 'nameTaken' | 'failed' | 'dropped' | 'archivedOnly';
export type Counts = Partial<Record<InstanceState, number>>;

/** An instance in the prearchive, in the archive, or in both. */
export interface ComparedInstance {
  sopInstanceUid: string;
  instanceNumber: number | null;
  file: string;
  state: InstanceState;
  arrived: string | null;
  archived: string | null;
  arrivedSize: number;
  archivedSize: number;
  reason: string | null;
}

export interface ComparedScan {
  id: string;
  arrivedAs: string | null;
  description: string;
  xsiType: string;
  isArchived: boolean;
  otherFiles: number;
  counts: Counts;
  instances: ComparedInstance[];
}

/** A session of the prearchive beside the archived one that has its label. */
export interface Comparison {
  project: string;
  subject: string;
  session: string;
  status: string;
  archived: { id: string; subject: string; label: string; xsiType: string } | null;
  problems: string[];
  twice: number;
  counts: Counts;
  scans: ComparedScan[];
}

/** Reads the comparison of a session; its parts come from the page's own address. */
export const compare = (project: string, timestamp: string, folder: string, signal?: AbortSignal) =>
  getJson<Comparison>(path`/data/prearchive/projects/${project}/${timestamp}/${folder}/comparison`, signal);
