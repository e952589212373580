import { at } from './at';
import { sendJson } from './http';
import { table, type Row } from './tables';

/** A session that may be downloaded. */
export interface DownloadSession {
  id: string;
  label: string;
  subject: string;
}

export async function sessionsOf(project: string, signal?: AbortSignal): Promise<DownloadSession[]> {
  const rows = await table(at('/data/projects/{project}/experiments', { project }), { columns: 'ID,label,subject_label,xsiType' }, signal);
  return rows.filter((r) => /SessionData$/.test(r.xsiType ?? '')).map((r) => ({ id: r.ID ?? '', label: r.label ?? '', subject: r.subject_label ?? '' }));
}

/** A folder of files of a session, with what it belongs to. */
export interface Folder {
  session: string;
  category: 'scan' | 'assessor' | 'reconstruction' | 'session';
  /** Type of the scan, assessor or reconstruction. */
  type: string;
  label: string;
  files: number;
  size: number;
}

const categories: Record<string, Folder['category']> = { scans: 'scan', assessors: 'assessor' };

const read = (session: string) => (row: Row): Folder => ({
  session, category: row.category?.startsWith('reconstructions') ? 'reconstruction' : (categories[row.category ?? ''] ?? 'session'),
  type: row.cat_desc || 'NULL', label: row.label ?? '', files: Number(row.file_count || 0), size: Number(row.file_size || 0),
});

const together = 6;

/** Every folder of some sessions; a few sessions are asked for at a time. */
export async function foldersOf(project: string, sessions: readonly DownloadSession[], signal?: AbortSignal): Promise<Folder[]> {
  const left = [...sessions];
  const found: Folder[] = [];
  async function worker() {
    for (let next = left.shift(); next; next = left.shift()) {
      const rows = await table(at('/data/projects/{project}/experiments/{experiment}/resources', { project, experiment: next.id }), { all: true, file_stats: true }, signal);
      found.push(...rows.map(read(next.id)));
    }
  }
  await Promise.all(Array.from({ length: together }, worker));
  return found;
}

export interface Choice {
  scanTypes: string[];
  scanFormats: string[];
  resources: string[];
  assessors: string[];
  layout: 'default' | 'simplified' | 'flat' | 'bids';
}

/** True if a folder is part of a choice. */
export const isChosen = (folder: Folder, choice: Choice) =>
  folder.category === 'scan' ? choice.scanTypes.includes(folder.type) && choice.scanFormats.includes(folder.label)
  : folder.category === 'assessor' ? choice.assessors.includes(folder.type)
  : folder.category === 'session' ? choice.resources.includes(folder.label) : false;

/** Orders a download; it can be fetched for a day, again and in parts. */
export async function orderDownload(project: string, sessions: readonly DownloadSession[], choice: Choice): Promise<{ id: string; size: number }> {
  const made = await sendJson<{ id: string; size: string }>('POST', '/xapi/archive/downloadwithsize', {
    projectIds: [project], sessions: sessions.map((s) => [project, s.subject, s.label, s.id].join(':')), scan_types: choice.scanTypes, scan_formats: choice.scanFormats,
    resources: choice.resources, assessors: choice.assessors, reconstructions: [], options: choice.layout === 'default' ? [] : [choice.layout],
  });
  if (!made) throw new Error('Nothing was chosen.');
  return { id: made.id, size: Number(made.size) };
}

export const fileOf = (id: string) => at('/xapi/archive/download/{id}/zip', { id });
