import { useCallback, useRef, useState } from 'react';
import { RequestFailed, send } from '../../api/http';
import { idOf, partLength, removeUpload, sendInParts } from '../../api/parts';
import { isArchive, isLeftover, type Picked } from './files';

export type FileState = 'waiting' | 'sending' | 'reading' | 'stored' | 'skipped' | 'failed';

export interface UploadFile extends Picked {
  state: FileState;
  reason?: string;
  /** Bytes that have arrived. */
  sent: number;
  /** Name of what lies on the server while it is sent in parts. */
  upload?: string;
}

export interface Labels {
  project: string;
  subject: string;
  session: string;
  toArchive: boolean;
}

const together = 3;

/** Sends files one by one, some at a time. What was stored stays stored: after a break only the rest is sent, and of a large file only the parts that have not arrived. */
export function useUpload(login: string) {
  const [files, setFiles] = useState<UploadFile[]>([]);
  const [sessions, setSessions] = useState<string[]>([]);
  const [isRunning, setIsRunning] = useState(false);
  const stop = useRef<AbortController>(null);

  const change = useCallback((path: string, to: Partial<UploadFile>) => setFiles((all) => all.map((f) => (f.path === path ? { ...f, ...to } : f))), []);

  const add = useCallback((picked: Picked[]) => {
    setFiles((all) => {
      const known = new Set(all.map((f) => f.path));
      return [
        ...all,
        ...picked.filter((p) => !known.has(p.path)).map((p): UploadFile => (isLeftover(p.path) ? { ...p, state: 'skipped', sent: 0, reason: 'Not an image: a file that systems leave behind.' } : { ...p, state: 'waiting', sent: 0 })),
      ];
    });
  }, []);

  const start = useCallback(
    async (labels: Labels) => {
      const controller = new AbortController();
      stop.current = controller;
      setIsRunning(true);
      const queue = files.filter((f) => f.state === 'waiting' || f.state === 'failed');
      const seen = new Set<string>();

      // What is not needed any more; if the server cannot remove it now, it does so later.
      const drop = (part: string | undefined) => part && void removeUpload(idOf(part)).catch(() => undefined);

      async function sendOne(file: UploadFile) {
        change(file.path, { state: 'sending', reason: undefined });
        const body = new FormData();
        body.append('import-handler', isArchive(file) ? 'DICOM-zip' : 'gradual-DICOM');
        body.append('project', labels.project);
        if (labels.subject) body.append('subject', labels.subject);
        if (labels.session) body.append('session', labels.session);
        body.append('dest', labels.toArchive && isArchive(file) ? '/archive' : '/prearchive');
        body.append('Ignore-Unparsable', 'true');
        let part: string | undefined;
        try {
          part = file.file.size >= partLength ? await sendInParts(file.file, login, (upload) => change(file.path, { upload }), (sent) => change(file.path, { sent }), controller.signal) : undefined;
          if (part) {
            change(file.path, { state: 'reading', sent: file.file.size });
            body.append('src', part);
          } else {
            body.append('file', file.file, file.path.replaceAll('/', '_'));
          }
          const answer = await (await send(`/data/services/import?import-handler=${isArchive(file) ? 'DICOM-zip' : 'gradual-DICOM'}`, { method: 'POST', body, signal: controller.signal })).text();
          for (const line of answer.split('\r\n').filter(Boolean)) seen.add(line);
          setSessions([...seen]);
          change(file.path, { state: 'stored', sent: file.file.size });
          drop(part);
        } catch (e) {
          if (controller.signal.aborted) {
            change(file.path, { state: 'waiting' });
          } else if (e instanceof RequestFailed && [400, 415, 422].includes(e.status)) {
            change(file.path, { state: 'skipped', reason: e.message });
            drop(part);
          } else {
            change(file.path, { state: 'failed', reason: e instanceof Error ? e.message : 'It could not be sent.' });
          }
        }
      }

      async function worker() {
        for (let next = queue.shift(); next && !controller.signal.aborted; next = queue.shift()) await sendOne(next);
      }

      await Promise.all(Array.from({ length: together }, worker));
      setIsRunning(false);
    },
    [files, change, login],
  );

  const cancel = useCallback(() => stop.current?.abort(), []);
  // What was sent of files that are not imported goes, too.
  const clear = useCallback(() => {
    stop.current?.abort();
    for (const file of files) if (file.upload && file.state !== 'stored') void removeUpload(file.upload).catch(() => undefined);
    setFiles([]);
    setSessions([]);
  }, [files]);
  return { files, sessions, isRunning, add, start, cancel, clear };
}
