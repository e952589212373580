import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useMemo, type ReactNode } from 'react';
import { getJson, getText, path, RequestFailed, send, setCsrfToken } from '../api/http';

/** Who sits at the screen. */
export interface Person {
  login: string;
  isAdministrator: boolean;
}

interface Session {
  person: Person | null;
  isLoading: boolean;
  signIn: (login: string, password: string) => Promise<void>;
  signOut: () => Promise<void>;
}

const SessionContext = createContext<Session | null>(null);

async function whoAmI(): Promise<Person | null> {
  let text: string;
  try {
    text = await getText('/data/auth?CSRF=true');
  } catch (e) {
    if (e instanceof RequestFailed && e.status === 401) return null;
    throw e;
  }
  const [, login, token] = /^User '(.*)' is logged in(?:; XNAT_CSRF=(\S+))?/.exec(text) ?? [];
  setCsrfToken(token);
  if (!login || login === 'guest') return null;
  const roles = await getJson<string[]>(path`/xapi/users/${login}/roles`).catch(() => [] as string[]);
  return { login, isAdministrator: roles.includes('Administrator') };
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const { data, isPending } = useQuery({ queryKey: ['session'], queryFn: whoAmI, staleTime: Infinity, retry: 1 });

  const signIn = useCallback(
    async (login: string, password: string) => {
      await send('/data/services/auth', { method: 'POST', body: new URLSearchParams({ username: login, password }) });
      await client.invalidateQueries({ queryKey: ['session'] });
    },
    [client],
  );
  const signOut = useCallback(async () => {
    await send('/data/JSESSION', { method: 'DELETE' }).catch(() => undefined);
    setCsrfToken(undefined);
    client.setQueryData(['session'], null);
    client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
  }, [client]);

  const session = useMemo(() => ({ person: data ?? null, isLoading: isPending, signIn, signOut }), [data, isPending, signIn, signOut]);
  return <SessionContext value={session}>{children}</SessionContext>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('There is no session around this.');
  return session;
}

/** The person, on pages that only signed-in people see. */
export function usePerson(): Person {
  const { person } = useSession();
  if (!person) throw new Error('Nobody is signed in.');
  return person;
}
