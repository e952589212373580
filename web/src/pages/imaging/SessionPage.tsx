import { Anchor, Badge, Button, Skeleton } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { path } from '../../api/http';
import { children, item, type Row } from '../../api/tables';
import { useTable } from '../../api/useTable';
import { DataTable, type Column } from '../../components/DataTable';
import { Failure } from '../../components/Failure';
import { PageHeading } from '../../components/PageHeading';
import { ViewInBrowser } from '../../components/ViewInBrowser';
import { plainSize, plainType } from '../../words';

const qualityColour: Record<string, string> = { usable: 'teal', questionable: 'yellow', unusable: 'red' };

export default function SessionPage() {
  const { project = '', experiment = '' } = useParams();
  const address = path`/data/projects/${project}/experiments/${experiment}`;
  const { data, error, refetch } = useQuery({ queryKey: ['experiment', project, experiment], queryFn: ({ signal }) => item(address, signal) });
  const scans = useTable(`${address}/scans`, { columns: 'ID,type,quality,xsiType,note,series_description,frames' });
  const resources = useTable(`${address}/resources`, { all: true, file_stats: true });
  const sizeOf = new Map<string, number>();
  for (const row of resources.rows) {
    if (row.category === 'scans') sizeOf.set(row.cat_id ?? '', (sizeOf.get(row.cat_id ?? '') ?? 0) + Number(row.file_size || 0));
  }
  const columns: Column<Row>[] = [
    { id: 'ID', header: 'Scan', value: (r) => Number(r.ID) || (r.ID ?? ''), width: '80px', cell: (r) => <Anchor component={Link} size="sm" to={path`/projects/${project}/experiments/${experiment}/scans/${r.ID ?? ''}`}>{r.ID}</Anchor> },
    { id: 'series_description', header: 'Series', value: (r) => r.series_description ?? '', width: '2fr' },
    { id: 'type', header: 'Type', value: (r) => r.type ?? '' },
    { id: 'kind', header: 'Kind', value: (r) => plainType(r.xsiType ?? ''), width: '110px' },
    { id: 'quality', header: 'Quality', value: (r) => r.quality ?? '', width: '130px', cell: (r) => r.quality && <Badge variant="light" color={qualityColour[r.quality] ?? 'gray'}>{r.quality}</Badge> },
    { id: 'frames', header: 'Images', value: (r) => Number(r.frames || 0), width: '80px' },
    { id: 'size', header: 'Size', value: (r) => sizeOf.get(r.ID ?? '') ?? 0, width: '90px', cell: (r) => (sizeOf.has(r.ID ?? '') ? plainSize(sizeOf.get(r.ID ?? '')!) : '') },
    { id: 'note', header: 'Note', value: (r) => r.note ?? '' },
  ];
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton h={300} />;
  const fields = data.data_fields;
  const scanner = [fields['scanner/manufacturer'], fields['scanner/model']].filter(Boolean).join(' ');
  return (
    <>
      <PageHeading
        title={String(fields.label ?? experiment)}
        trail={[{ label: 'Projects', to: '/' }, { label: project, to: path`/projects/${project}` }]}
        note={[plainType(data.meta['xsi:type']), fields.date, scanner, `${children(data, 'scans/scan').length} scans`, fields.ID].filter(Boolean).join(' · ')}
        actions={
          <>
            <ViewInBrowser project={project} experiment={experiment} />
            <Button component="a" href={`${address}/scans/ALL/files?format=zip`} variant="default" leftSection={<IconDownload size={16} />}>Download all</Button>
          </>
        }
      />
      {scans.error ? <Failure error={scans.error} retry={scans.refetch} /> : <DataTable label="Scans" rows={scans.rows} columns={columns} rowId={(r) => r.ID ?? ''} initialSort={[{ id: 'ID', desc: false }]} />}
    </>
  );
}
