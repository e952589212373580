import { Anchor, Skeleton } from '@mantine/core';
import type { Row } from '../../../api/tables';
import { path } from '../../../api/http';
import { useTable } from '../../../api/useTable';
import { DataTable, type Column } from '../../../components/DataTable';
import { Empty } from '../../../components/Empty';
import { Failure } from '../../../components/Failure';
import { plainType } from '../../../words';

/** What was made from a session: contours, segmentations, measurements, protocol checks. */
export function AssessorTable({ address }: { address: string }) {
  const assessors = useTable(`${address}/assessors`, { columns: 'ID,label,xsiType,date,insert_date,insert_user' });
  const columns: Column<Row>[] = [
    { id: 'label', header: 'Name', value: (r) => r.label ?? '', width: '2fr' },
    { id: 'type', header: 'Kind', value: (r) => plainType(r.xsiType ?? '') },
    { id: 'date', header: 'Date', value: (r) => r.date ?? '' },
    { id: 'made', header: 'Made', value: (r) => (r.insert_date ?? '').slice(0, 16) },
    { id: 'files', header: 'Files', value: () => '', cell: (r) => <Anchor size="sm" href={`${address}${path`/assessors/${r.ID ?? ''}`}/files?format=zip`} aria-label={`Download the files of ${r.label}`}>Download</Anchor> },
  ];
  if (assessors.error) return <Failure error={assessors.error} retry={assessors.refetch} />;
  if (assessors.isPending) return <Skeleton h={120} />;
  if (assessors.rows.length === 0) return <Empty title="Nothing was made from this session yet">Contours, segmentations and measurements that are saved in the viewer, and results of processing, appear here.</Empty>;
  return <DataTable label="Assessors" rows={assessors.rows} columns={columns} rowId={(r) => r.ID ?? ''} />;
}
