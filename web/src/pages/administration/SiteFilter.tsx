import { Skeleton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { SeriesFilter, type Filter } from '../../components/SeriesFilter';
import { useSiteSettings } from './useSiteSettings';

/** Which series come into any project. */
export function SiteFilter() {
  const { values, error, isSaving, save } = useSiteSettings();
  if (!values) return <Skeleton h={300} />;
  const stored = {
    enabled: String(values.enableSitewideSeriesImportFilter) === 'true', mode: values.sitewideSeriesImportFilterMode === 'whitelist' ? ('whitelist' as const) : ('blacklist' as const),
    list: String(values.sitewideSeriesImportFilter ?? ''),
  };
  const keep = async (filter: Filter) => {
    await save({ enableSitewideSeriesImportFilter: filter.enabled, sitewideSeriesImportFilterMode: filter.mode, sitewideSeriesImportFilter: filter.list });
    notifications.show({ message: 'The filter is saved.', color: 'teal' });
  };
  // What went wrong is shown from `error`.
  return <SeriesFilter stored={stored} error={error} isSaving={isSaving} onSave={(f) => void keep(f).catch(() => undefined)} />;
}
