import { getJson, withQuery, type Query } from './http';

/** A row of a table answer: every value is text. */
export type Row = Record<string, string>;

interface TableAnswer {
  ResultSet: { Result: Row[]; totalRecords?: string };
}

/** Reads a table. */
export async function table(address: string, query: Query = {}, signal?: AbortSignal): Promise<Row[]> {
  return (await getJson<TableAnswer>(withQuery(address, { format: 'json', ...query }), signal)).ResultSet.Result;
}

/** How many rows of a long table are read before the rest. */
export const firstRows = 200;

interface ItemAnswer {
  items: Item[];
}

/** An object of the archive as the server describes it. */
export interface Item {
  data_fields: Record<string, string | number | undefined>;
  children: { field: string; items: Item[] }[];
  meta: { 'xsi:type': string };
}

export async function item(address: string, signal?: AbortSignal): Promise<Item> {
  const answer = await getJson<ItemAnswer>(withQuery(address, { format: 'json' }), signal);
  return answer.items[0]!;
}

export function children(of: Item, field: string): Item[] {
  return of.children.filter((c) => c.field === field).flatMap((c) => c.items);
}
