import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, sendJson } from '../../api/http';

type Value = string | number | boolean;

/** The site's settings, each stored as soon as it is changed. */
export function useSiteSettings() {
  const client = useQueryClient();
  const stored = useQuery({ queryKey: ['siteConfig'], queryFn: ({ signal }) => getJson<Record<string, Value>>('/xapi/siteConfig', signal) });
  const saving = useMutation({
    mutationFn: (changed: Record<string, Value>) => sendJson('POST', '/xapi/siteConfig', changed),
    // Until the new values are there, so that no switch goes back and forth.
    onSettled: () => client.invalidateQueries({ queryKey: ['siteConfig'] }),
  });
  // A switch shows at once what was asked for, and again what is stored if that was refused.
  const now = (name: string) => (saving.isPending ? saving.variables[name] : undefined) ?? stored.data?.[name] ?? false;
  return {
    values: stored.data,
    error: stored.error ?? saving.error,
    isSaving: saving.isPending,
    save: saving.mutateAsync,
    flag: (name: string) => ({
      checked: String(now(name)) === 'true',
      disabled: !stored.data,
      onChange: (e: { currentTarget: { checked: boolean } }) => saving.mutate({ [name]: e.currentTarget.checked }),
    }),
  };
}
