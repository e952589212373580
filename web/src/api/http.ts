/** An answer that is not a success, in words for the person at the screen. */
export class RequestFailed extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

let csrfToken: string | undefined;

/** The session's token, which every changing request carries. */
export function setCsrfToken(token: string | undefined) {
  csrfToken = token;
}

/** What a changing request carries that is not sent by {@link send}. */
export const csrfHeaders = (): Record<string, string> => ({ 'X-Requested-With': 'XMLHttpRequest', ...(csrfToken ? { 'X-XNAT-CSRF': csrfToken } : {}) });

const plainWords: Record<number, string> = {
  0: 'The server does not answer. Check the connection and try again.',
  401: 'Your session has ended. Sign in again.',
  403: 'You may not do this here.',
  404: 'It is not there, or not visible to you.',
  409: 'It clashes with something that is there already.',
  413: 'It is too large for the server.',
  503: 'The server is busy or its database does not answer. Try again in a moment.',
};

// Errors come as a small page with the reason in its heading, or as plain text.
async function reasonOf(response: Response): Promise<string> {
  const text = await response.text().catch(() => '');
  if (response.headers.get('Content-Type')?.includes('html')) {
    const heading = new DOMParser().parseFromString(text, 'text/html').querySelector('h3')?.textContent;
    if (heading) return heading;
  } else if (response.headers.get('Content-Type')?.includes('json')) {
    try {
      const body = JSON.parse(text) as { error?: string; message?: string };
      const said = body.error ?? body.message;
      if (said) return said;
    } catch {
      // Not JSON after all: the status says what there is to say.
    }
  } else if (text.trim()) {
    return text.trim();
  }
  return plainWords[response.status] ?? `The server refused this (${response.status}).`;
}

export type Query = Record<string, string | number | boolean | undefined>;

/** Puts path segments together; each is encoded. */
export function path(strings: TemplateStringsArray, ...values: (string | number)[]): string {
  return strings.reduce((whole, part, i) => whole + part + (i < values.length ? encodeURIComponent(String(values[i])) : ''), '');
}

export function withQuery(address: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return address;
  return `${address}?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}`;
}

/** Sends a request with the session's cookie; throws {@link RequestFailed} unless it succeeds. */
export async function send(address: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  // Keeps the browser from asking for a password in a window of its own.
  headers.set('X-Requested-With', 'XMLHttpRequest');
  if (csrfToken && init.method && init.method !== 'GET') headers.set('X-XNAT-CSRF', csrfToken);
  let response: Response;
  try {
    response = await fetch(address, { credentials: 'same-origin', ...init, headers });
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e;
    throw new RequestFailed(0, plainWords[0]!);
  }
  if (response.ok) return response;
  throw new RequestFailed(response.status, await reasonOf(response));
}

export async function getJson<T>(address: string, signal?: AbortSignal): Promise<T> {
  const response = await send(address, { headers: { Accept: 'application/json' }, signal });
  return (await response.json()) as T;
}

export async function getText(address: string, signal?: AbortSignal): Promise<string> {
  return (await send(address, { signal })).text();
}

export function put(address: string, body?: BodyInit, type?: string): Promise<Response> {
  return send(address, { method: 'PUT', body, headers: type ? { 'Content-Type': type } : undefined });
}

export function post(address: string, body?: BodyInit, type?: string): Promise<Response> {
  return send(address, { method: 'POST', body, headers: type ? { 'Content-Type': type } : undefined });
}

/** PUT or POST with a JSON body; the answer's JSON, or undefined where there is none. */
export async function sendJson<T>(method: 'PUT' | 'POST', address: string, body: unknown): Promise<T | undefined> {
  const response = await send(address, { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', Accept: 'application/json' } });
  const text = await response.text();
  return response.headers.get('Content-Type')?.includes('json') && text ? (JSON.parse(text) as T) : undefined;
}

export function remove(address: string): Promise<Response> {
  return send(address, { method: 'DELETE' });
}
