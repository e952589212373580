import { Skeleton } from '@mantine/core';
import { SeriesFilter } from '../../components/SeriesFilter';
import { useSiteSettings } from './useSiteSettings';

/** Which series come into any project. */
export function SiteFilter() {
  const { values, error, isSaving, save } = useSiteSettings();
  if (!values) return <Skeleton h={300} />;
  const stored = {
    enabled: String(values.enableSitewideSeriesImportFilter) === 'true', mode: values.sitewideSeriesImportFilterMode === 'whitelist' ? ('whitelist' as const) : ('blacklist' as const),
    list: String(values.sitewideSeriesImportFilter ?? ''),
  };
  return (
    <SeriesFilter
      stored={stored} error={error} isSaving={isSaving}
      onSave={(f) => void save({ enableSitewideSeriesImportFilter: f.enabled, sitewideSeriesImportFilterMode: f.mode, sitewideSeriesImportFilter: f.list }).catch(() => undefined)}
    />
  );
}
