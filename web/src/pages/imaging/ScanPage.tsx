import { Anchor, Button, Skeleton } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { path } from '../../api/http';
import { item, type Row } from '../../api/tables';
import { useTable } from '../../api/useTable';
import { DataTable, type Column } from '../../components/DataTable';
import { Failure } from '../../components/Failure';
import { PageHeading } from '../../components/PageHeading';
import { plainSize } from '../../words';

const columns: Column<Row>[] = [
  { id: 'Name', header: 'File', value: (r) => r.Name ?? '', width: '3fr', cell: (r) => <Anchor size="sm" href={r.URI}>{r.Name}</Anchor> },
  { id: 'collection', header: 'Resource', value: (r) => r.collection ?? '' },
  { id: 'Size', header: 'Size', value: (r) => Number(r.Size || 0), cell: (r) => plainSize(Number(r.Size || 0)), width: '110px' },
];

export default function ScanPage() {
  const { project = '', experiment = '', scan = '' } = useParams();
  const session = path`/projects/${project}/experiments/${experiment}`;
  const address = `/data${session}${path`/scans/${scan}`}`;
  const { data, error, refetch } = useQuery({ queryKey: ['scan', project, experiment, scan], queryFn: ({ signal }) => item(address, signal) });
  const files = useTable(`${address}/files`);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton h={300} />;
  const fields = data.data_fields;
  return (
    <>
      <PageHeading
        title={`Scan ${scan}`}
        trail={[{ label: 'Projects', to: '/' }, { label: project, to: path`/projects/${project}` }, { label: experiment, to: session }]}
        note={[fields.series_description, fields.type, fields.quality].filter(Boolean).join(' · ')}
        actions={<Button component="a" href={`${address}/files?format=zip`} variant="default" leftSection={<IconDownload size={16} />}>Download</Button>}
      />
      {files.error ? <Failure error={files.error} retry={files.refetch} /> : <DataTable label="Files" rows={files.rows} columns={columns} rowId={(r) => r.URI ?? r.Name ?? ''} isGrowing={files.isGrowing} />}
    </>
  );
}
