import type { paths } from './schema';

/** An address of the server, as its own description writes it. */
export type Address = keyof paths & string;

type Slots<A extends string> = A extends `${string}{${infer Name}}${infer Rest}` ? Name | Slots<Rest> : never;

/** Fills the slots of an address; each is encoded. The compiler knows which addresses there are and what they want. */
export function at<A extends Address>(address: A, parts: Record<Slots<A>, string | number>): string {
  return address.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(parts[name as Slots<A>])));
}
