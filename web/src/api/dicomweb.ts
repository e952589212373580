import { getJson, path } from './http';

interface Attribute {
  Value?: unknown[];
}

/** An image of a series. */
export interface Instance {
  uid: string;
  number: number;
  frames: number;
}

/** The images of a series in order (QIDO-RS). */
export async function instancesOf(project: string, study: string, series: string, signal?: AbortSignal): Promise<Instance[]> {
  const found = await getJson<Record<string, Attribute>[]>(path`/xapi/dicomweb/projects/${project}/studies/${study}/series/${series}/instances`, signal);
  const of = (instance: Record<string, Attribute>, tag: string) => instance[tag]?.Value?.[0];
  return found
    .map((i) => ({ uid: String(of(i, '00080018') ?? ''), number: Number(of(i, '00200013') ?? 0), frames: Math.max(1, Number(of(i, '00280008') ?? 1)) }))
    .filter((i) => i.uid)
    .sort((a, b) => a.number - b.number || a.uid.localeCompare(b.uid));
}

/** A frame as a picture (WADO-RS rendered). */
export const pictureOf = (project: string, study: string, series: string, instance: string, frame: number) =>
  path`/xapi/dicomweb/projects/${project}/studies/${study}/series/${series}/instances/${instance}/frames/${frame}/rendered`;
