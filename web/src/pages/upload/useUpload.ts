import { useCallback, useRef, useState } from 'react';
import { RequestFailed, send } from '../../api/http';
import { isArchive, isLeftover, type Picked } from './files';

export type FileState = 'waiting' | 'sending' | 'stored' | 'skipped' | 'failed';

export interface UploadFile extends Picked {
  state: FileState;
  reason?: string;
}

export interface Labels {
  project: string;
  subject: string;
  session: string;
  toArchive: boolean;
}

const together = 3;

/** Sends files one by one, some at a time. What was stored stays stored: after a break only the rest is sent. */
export function useUpload() {
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
        ...picked.filter((p) => !known.has(p.path)).map((p): UploadFile => (isLeftover(p.path) ? { ...p, state: 'skipped', reason: 'Not an image: a file that systems leave behind.' } : { ...p, state: 'waiting' })),
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

      async function sendOne(file: UploadFile) {
        change(file.path, { state: 'sending', reason: undefined });
        const body = new FormData();
        body.append('import-handler', isArchive(file) ? 'DICOM-zip' : 'gradual-DICOM');
        body.append('project', labels.project);
        if (labels.subject) body.append('subject', labels.subject);
        if (labels.session) body.append('session', labels.session);
        body.append('dest', labels.toArchive && isArchive(file) ? '/archive' : '/prearchive');
        body.append('Ignore-Unparsable', 'true');
        body.append('file', file.file, file.path.replaceAll('/', '_'));
        try {
          const answer = await (await send(`/data/services/import?import-handler=${isArchive(file) ? 'DICOM-zip' : 'gradual-DICOM'}`, { method: 'POST', body, signal: controller.signal })).text();
          for (const line of answer.split('\r\n').filter(Boolean)) seen.add(line);
          setSessions([...seen]);
          change(file.path, { state: 'stored' });
        } catch (e) {
          if (controller.signal.aborted) {
            change(file.path, { state: 'waiting' });
          } else if (e instanceof RequestFailed && [400, 415, 422].includes(e.status)) {
            change(file.path, { state: 'skipped', reason: e.message });
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
    [files, change],
  );

  const cancel = useCallback(() => stop.current?.abort(), []);
  const clear = useCallback(() => {
    setFiles([]);
    setSessions([]);
  }, []);
  return { files, sessions, isRunning, add, start, cancel, clear };
}
