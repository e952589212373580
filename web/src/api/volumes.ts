import { path, RequestFailed, send } from './http';

const volumeFile = /\.nii(\.gz)?$/i;

/** True for a file that the volume page can show. */
export const isVolume = (name: string) => volumeFile.test(name);

/** More than a browser holds at once, unpacked and on its graphics card. */
export const largestVolume = 1_500_000_000;

/** The page that shows a file of a session or of one of its scans; undefined if it is none. */
export function volumePlace(project: string, experiment: string, uri: string | undefined): string | undefined {
  const rest = /\/experiments\/[^/]+\/(.+)$/.exec(uri ?? '')?.[1];
  return rest && isVolume(rest) ? `${path`/projects/${project}/experiments/${experiment}/volume`}/${rest}` : undefined;
}

/** Reads a file whole, telling how much of it is there. */
export async function readVolume(address: string, onProgress: (share: number) => void, signal: AbortSignal): Promise<ArrayBuffer> {
  const response = await send(address, { signal });
  const size = Number(response.headers.get('Content-Length') ?? 0);
  if (size > largestVolume) {
    await response.body?.cancel();
    throw new RequestFailed(413, 'The volume is too large to be shown in a browser. Download it, and open it with a program of your own.');
  }
  const reader = response.body!.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let read = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    read += value.length;
    if (size > 0) onProgress(read / size);
  }
  return new Blob(parts).arrayBuffer();
}
