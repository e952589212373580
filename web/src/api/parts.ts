import { DetailedError, Upload } from 'tus-js-client';
import { csrfHeaders, getJson, path, RequestFailed, send } from './http';

/** A file of which parts, or all, lie on the server and wait. */
export interface WaitingUpload {
  id: string;
  length: number;
  offset: number;
  changed: string;
  expires: string;
}

/** Files from this size on are sent in parts: a break costs no more than one of them. */
export const partLength = 8 << 20;

// Pauses before a part is sent again, in milliseconds; they begin anew with every part that arrives.
const pauses = [0, 1000, 2000, 5000, 10_000, 20_000, 30_000, 30_000, 60_000, 60_000];

/** What is known of a file without keeping its name, which may be a patient's: FNV-1a over what tells files apart. */
function markOf(file: File, login: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(`${login}\n${file.name}\n${file.size}\n${file.lastModified}`)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return `part-${hash.toString(16)}`;
}

/** The name of an upload in its address. */
export const idOf = (address: string) => address.slice(address.lastIndexOf('/') + 1);

function failureOf(error: Error): RequestFailed {
  const response = error instanceof DetailedError ? error.originalResponse : null;
  if (!response) return new RequestFailed(0, 'The connection broke. What has arrived is kept: go on when it is back.');
  return new RequestFailed(response.getStatus(), response.getBody().trim() || `The server refused this (${response.getStatus()}).`);
}

/** Sends a file in parts, after those that have arrived before, and answers its address on the server. Stopping keeps what has arrived. */
export function sendInParts(file: File, login: string, onAddress: (id: string) => void, onProgress: (sent: number) => void, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      endpoint: '/xapi/vesalius/uploads', chunkSize: partLength, retryDelays: pauses, headers: csrfHeaders(), metadata: {}, fingerprint: () => Promise.resolve(markOf(file, login)),
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        return status === 0 || status === 409 || status === 423 || status >= 500 && status !== 507;
      },
      onUploadUrlAvailable: () => onAddress(idOf(upload.url!)),
      onProgress: (sent) => onProgress(sent),
      onError: (error) => reject(failureOf(error)),
      onSuccess: () => resolve(new URL(upload.url!, window.location.origin).pathname),
    });
    signal.addEventListener('abort', () => {
      void upload.abort();
      reject(new DOMException('Stopped', 'AbortError'));
    });
    void upload.findPreviousUploads().then((before) => {
      if (signal.aborted) return;
      if (before[0]) upload.resumeFromPreviousUpload(before[0]);
      upload.start();
    });
  });
}

export const waitingUploads = (signal?: AbortSignal) => getJson<WaitingUpload[]>('/xapi/vesalius/uploads', signal);

export const removeUpload = (id: string) => send(path`/xapi/vesalius/uploads/${id}`, { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } });
