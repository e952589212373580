import { Group, SegmentedControl, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { path } from '../../../api/http';
import { table, type Row } from '../../../api/tables';
import { DataTable, type Column } from '../../../components/DataTable';
import { Empty } from '../../../components/Empty';
import { Failure } from '../../../components/Failure';

// Values come escaped for pages that show them as they are.
const plain = (text: string) => new DOMParser().parseFromString(text, 'text/html').documentElement.textContent ?? '';

const tagOf = (row: Row) => (row.tag2 ? `${row.tag1} › ${row.tag2}` : (row.tag1 ?? ''));

const columns: Column<Row>[] = [
  { id: 'tag', header: 'Tag', value: tagOf, width: '190px', cell: (r) => <code title={tagOf(r)}>{r.tag2 ? `› ${r.tag2}` : r.tag1}</code> },
  { id: 'desc', header: 'Attribute', value: (r) => r.desc ?? '', width: '1.5fr' },
  { id: 'vr', header: 'VR', value: (r) => r.vr ?? '', width: '90px' },
  { id: 'value', header: 'Value', value: (r) => r.value ?? '', width: '3fr', cell: (r) => <span title={r.value}>{r.value}</span> },
];

/** The DICOM header of a scan, as it is stored: of its first file, or what differs over all of them. */
export function HeaderTable({ session, scan }: { session: string; scan: string }) {
  const [of, setOf] = useState<'first' | 'all'>('first');
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['header', session, scan, of],
    queryFn: async ({ signal }) => {
      const rows = await table('/data/services/dicomdump', { src: path`/archive/experiments/${session}/scans/${scan}`, summary: of === 'all' ? true : undefined }, signal);
      return rows.map((r, i) => ({ ...r, value: plain(r.value ?? ''), key: String(i) }));
    },
  });
  return (
    <Stack>
      <Group justify="space-between">
        <SegmentedControl aria-label="Which files" value={of} onChange={(v) => setOf(v as typeof of)} data={[{ value: 'first', label: 'First file' }, { value: 'all', label: 'All values over all files' }]} />
        <Text size="sm" c="dimmed">As it is stored, after de-identification. Looking at it is recorded.</Text>
      </Group>
      {error ? ('status' in error && error.status === 404 ? <Empty title="No DICOM file">This scan holds no DICOM files, so there is no header.</Empty> : <Failure error={error} retry={() => void refetch()} />)
        : isPending ? <Skeleton h={300} /> : <DataTable label="Header" rows={data} columns={columns} rowId={(r) => r.key ?? ''} height="calc(100vh - 380px)" />}
    </Stack>
  );
}
