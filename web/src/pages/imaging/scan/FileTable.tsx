import { Anchor } from '@mantine/core';
import type { Row } from '../../../api/tables';
import { useTable } from '../../../api/useTable';
import { DataTable, type Column } from '../../../components/DataTable';
import { Empty } from '../../../components/Empty';
import { Failure } from '../../../components/Failure';
import { plainSize } from '../../../words';

const columns: Column<Row>[] = [
  { id: 'Name', header: 'File', value: (r) => r.Name ?? '', width: '3fr', cell: (r) => <Anchor size="sm" href={r.URI}>{r.Name}</Anchor> },
  { id: 'collection', header: 'Folder', value: (r) => r.collection ?? '' },
  { id: 'Size', header: 'Size', value: (r) => Number(r.Size || 0), cell: (r) => plainSize(Number(r.Size || 0)), width: '110px' },
];

/** The files of a scan. */
export function FileTable({ address }: { address: string }) {
  const files = useTable(`${address}/files`);
  if (files.error) return <Failure error={files.error} retry={files.refetch} />;
  if (!files.isPending && files.rows.length === 0) return <Empty title="No files in this scan" />;
  return <DataTable label="Files" rows={files.rows} columns={columns} rowId={(r) => r.URI ?? r.Name ?? ''} isGrowing={files.isGrowing} height="calc(100vh - 330px)" />;
}
