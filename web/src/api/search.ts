import { at } from './at';
import { getJson, getText, put, remove, send, withQuery } from './http';
import { table, type Row } from './tables';

/** Something found by words: a project, subject, session or assessor. */
export interface Found {
  xsiType: string;
  ID: string;
  label: string;
  project: string;
  subject_label: string;
  date: string;
}

// In the body, since words may name anybody.
export async function findWords(text: string, signal?: AbortSignal): Promise<Found[]> {
  const answer = await send('/data/search?format=json', { method: 'POST', body: new URLSearchParams({ text, limit: '200' }), signal });
  return ((await answer.json()) as { ResultSet: { Result: Found[] } }).ResultSet.Result;
}

export interface Kind {
  ELEMENT_NAME: string;
  SINGULAR: string;
  PLURAL: string;
  COUNT: string;
}

/** Kinds of things that the person may search for, of which there are some. */
export const kinds = async (signal?: AbortSignal) => (await table('/data/search/elements', { readable: true, used: true }, signal)) as unknown as Kind[];

export interface SearchField {
  FIELD_ID: string;
  HEADER: string;
  SUMMARY: string;
  TYPE: string;
  REQUIRES_VALUE: string;
  ELEMENT_NAME: string;
}

export const fieldsOf = async (kind: string, signal?: AbortSignal) =>
  ((await table(at('/data/search/elements/{elements}', { elements: kind }), {}, signal)) as unknown as SearchField[]).filter((f) => f.REQUIRES_VALUE !== 'true');

export const comparisons = ['=', '!=', 'LIKE', 'NOT LIKE', '<', '<=', '>', '>=', 'BETWEEN', 'IN', 'IS NULL', 'IS NOT NULL'] as const;
export type Comparison = (typeof comparisons)[number];

/** One condition of a search. */
export interface Criterion {
  field: string;
  comparison: Comparison;
  value: string;
}

/** A search that people put together. */
export interface Search {
  kind: string;
  columns: string[];
  any: boolean;
  criteria: Criterion[];
}

const xdat = 'http://nrg.wustl.edu/security';

/** Writes a search as the document that XNAT knows. */
export function writeSearch(search: Search, name = ''): string {
  const document = window.document.implementation.createDocument(xdat, 'xdat:bundle');
  const root = document.documentElement;
  const add = (parent: Element, element: string, text?: string) => {
    const made = document.createElementNS(xdat, `xdat:${element}`);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  };
  root.setAttribute('ID', '');
  root.setAttribute('brief-description', name);
  root.setAttribute('description', name);
  add(root, 'root_element_name', search.kind);
  search.columns.forEach((column, i) => {
    const field = add(root, 'search_field');
    add(field, 'element_name', search.kind);
    add(field, 'field_ID', column);
    add(field, 'sequence', String(i));
  });
  if (search.criteria.length > 0) {
    const where = add(root, 'search_where');
    where.setAttribute('method', search.any ? 'OR' : 'AND');
    for (const criterion of search.criteria) {
      const made = add(where, 'criteria');
      made.setAttribute('override_value_formatting', '0');
      add(made, 'schema_field', `${search.kind}.${criterion.field}`);
      add(made, 'comparison_type', criterion.comparison);
      // People write a part of a word; the document wants to be told where anything may stand.
      add(made, 'value', /LIKE/.test(criterion.comparison) && !criterion.value.includes('%') ? `%${criterion.value}%` : criterion.value);
    }
  }
  return new XMLSerializer().serializeToString(document);
}

/** Reads a document back; undefined where it says more than this page can show. */
export function readSearch(text: string): Search | undefined {
  const document = new DOMParser().parseFromString(text, 'application/xml');
  const of = (parent: ParentNode, name: string) => [...parent.children].filter((c) => c.localName === name);
  const textOf = (parent: Element, name: string) => of(parent, name)[0]?.textContent?.trim() ?? '';
  const root = document.documentElement;
  const kind = textOf(root, 'root_element_name');
  const groups = of(root, 'search_where');
  if (!kind || groups.length > 1 || groups.some((g) => of(g, 'child_set').length > 0)) return undefined;
  const criteria = groups.flatMap((g) => of(g, 'criteria')).map((c) => {
    const comparison = textOf(c, 'comparison_type') as Comparison;
    const value = textOf(c, 'value');
    return { field: textOf(c, 'schema_field'), comparison, value: /LIKE/.test(comparison) ? value.replace(/^%|%$/g, '') : value };
  });
  const own = `${kind}.`;
  if (criteria.some((c) => !c.field.startsWith(own) || !comparisons.includes(c.comparison))) return undefined;
  const fields = of(root, 'search_field');
  if (fields.some((f) => textOf(f, 'element_name') !== kind)) return undefined;
  return {
    kind, any: groups[0]?.getAttribute('method')?.toUpperCase() === 'OR', columns: fields.map((f) => textOf(f, 'field_ID')),
    criteria: criteria.map((c) => ({ ...c, field: c.field.slice(own.length) })),
  };
}

/** The default search of a kind: the columns that are usually shown. */
export const defaultSearch = async (kind: string, signal?: AbortSignal) => readSearch(await getText(at('/data/search/saved/{id}', { id: `@${kind}` }), signal));

export interface Results {
  columns: { key: string; header: string }[];
  rows: Row[];
  total: number;
}

interface Answer {
  ResultSet: { Columns: { key: string; header: string; element_name: string; id: string }[]; Result: Row[]; totalRecords: string };
}

const xml = { 'Content-Type': 'text/xml' };

/** How many rows of a result are shown; all of them are in the file. */
export const mostRows = 20_000;

export async function runSearch(search: Search, signal?: AbortSignal): Promise<Results> {
  const answer = await send(withQuery('/data/search', { format: 'json', limit: mostRows }), { method: 'POST', body: writeSearch(search), headers: xml, signal });
  const { Columns, Result, totalRecords } = ((await answer.json()) as Answer).ResultSet;
  return { columns: Columns.filter((c) => search.columns.includes(c.id)).map((c) => ({ key: c.key, header: c.header || c.id })), rows: Result, total: Number(totalRecords) };
}

/** The whole result as a table for spreadsheets. */
export async function searchAsCsv(search: Search): Promise<Blob> {
  return (await send('/data/search?format=csv', { method: 'POST', body: writeSearch(search), headers: xml })).blob();
}

export interface SavedSearch {
  id: string;
  brief_description: string;
  root_element_name: string;
}

export const savedSearches = async (signal?: AbortSignal) =>
  (await getJson<{ ResultSet: { Result: SavedSearch[] } }>('/data/search/saved?format=json', signal)).ResultSet.Result;
export const savedSearch = async (id: string) => readSearch(await getText(at('/data/search/saved/{id}', { id })));
export const saveSearch = (search: Search, name: string) => put('/data/search/saved/new?saveAs=true', writeSearch(search, name), 'text/xml');
export const removeSearch = (id: string) => remove(at('/data/search/saved/{id}', { id }));
