import { Skeleton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getText, path, put, RequestFailed } from '../../../api/http';
import { Failure } from '../../../components/Failure';
import { SeriesFilter, type Filter } from '../../../components/SeriesFilter';

const none: Filter = { enabled: false, mode: 'blacklist', list: '' };

/** Which series come into this project; the site's filter applies besides. */
export function ProjectFilter({ project }: { project: string }) {
  const client = useQueryClient();
  const address = path`/data/projects/${project}/config/seriesImportFilter/config`;
  const stored = useQuery({
    queryKey: ['filter', project],
    queryFn: async ({ signal }) => {
      const text = await getText(`${address}?contents=true&accept-not-found=true`, signal).catch((e: unknown) => {
        if (e instanceof RequestFailed && e.status === 404) return '';
        throw e;
      });
      return text ? { ...none, ...(JSON.parse(text) as Partial<Filter>) } : none;
    },
  });
  const saving = useMutation({
    mutationFn: (filter: Filter) => put(address, JSON.stringify(filter), 'application/json'),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['filter', project] });
      notifications.show({ message: 'The filter is saved.', color: 'teal' });
    },
  });
  if (stored.error) return <Failure error={stored.error} retry={() => void stored.refetch()} />;
  if (!stored.data) return <Skeleton h={300} />;
  return <SeriesFilter stored={stored.data} error={saving.error} isSaving={saving.isPending} onSave={(f) => saving.mutate(f)} />;
}
