import { Anchor, Badge, Button, Group, Menu } from '@mantine/core';
import { IconChevronDown, IconDownload } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { Link } from 'react-router';
import { path, put, remove } from '../../../api/http';
import type { Row } from '../../../api/tables';
import { useTable } from '../../../api/useTable';
import type { Rights } from '../../../api/useRights';
import { useConfirmation } from '../../../components/Confirmation';
import { DataTable, type Column } from '../../../components/DataTable';
import { Empty } from '../../../components/Empty';
import { Failure } from '../../../components/Failure';
import { Thumbnail, thumbnailOf } from '../../../components/Thumbnail';
import { plainSize, plainType } from '../../../words';
import { NoteDialog } from './NoteDialog';
import { qualities, qualityColour } from './qualities';

interface Properties {
  project: string;
  experiment: string;
  /** Address of the session's data. */
  address: string;
  studyUid: string | undefined;
  rights: Rights;
}

interface Scan {
  row: Row;
  size: number;
  /** Labels of its folders of files. */
  formats: string;
}

/** The scans of a session, each with its picture; quality and notes of those that are ticked can be set. */
export function ScanTable({ project, experiment, address, studyUid, rights }: Properties) {
  const client = useQueryClient();
  const scans = useTable(`${address}/scans`, { columns: 'ID,type,quality,xsiType,note,series_description,frames,UID' });
  const resources = useTable(`${address}/resources`, { all: true, file_stats: true });
  const [noted, setNoted] = useState<Row>();
  const [confirm, confirmation] = useConfirmation();
  const change = useMutation({
    mutationFn: async ({ them, act }: { them: Row[]; act: (scan: string) => Promise<unknown> }) => {
      for (const row of them) await act(`${address}${path`/scans/${row.ID ?? ''}`}`);
    },
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ['table', `${address}/scans`] }), client.invalidateQueries({ queryKey: ['experiment'] }), client.invalidateQueries({ queryKey: ['scan'] })]),
  });
  const setQuality = (them: Row[], quality: string) => change.mutate({ them, act: (scan) => put(scan, new URLSearchParams({ quality })) });
  const rows = useMemo(() => {
    const folders = resources.rows.filter((r) => r.category === 'scans');
    return scans.rows.map((row): Scan => {
      const own = folders.filter((f) => f.cat_id === row.ID);
      return { row, size: own.reduce((sum, f) => sum + Number(f.file_size || 0), 0), formats: [...new Set(own.map((f) => f.label))].join(', ') };
    });
  }, [scans.rows, resources.rows]);
  const to = (row: Row) => path`/projects/${project}/experiments/${experiment}/scans/${row.ID ?? ''}`;
  const columns: Column<Scan>[] = [
    { id: 'picture', header: 'Picture', value: () => '', width: '64px', cell: ({ row: r }) => <Link to={to(r)} tabIndex={-1} aria-hidden><Thumbnail address={studyUid && r.UID ? thumbnailOf(project, studyUid, r.UID) : undefined} alt={`scan ${r.ID}`} /></Link> },
    { id: 'ID', header: 'Scan', value: ({ row: r }) => Number(r.ID) || (r.ID ?? ''), width: '70px', cell: ({ row: r }) => <Anchor component={Link} size="sm" to={to(r)}>{r.ID}</Anchor> },
    { id: 'series_description', header: 'Series', value: ({ row: r }) => r.series_description || r.type || '', width: '3fr' },
    { id: 'kind', header: 'Kind', value: ({ row: r }) => plainType(r.xsiType ?? ''), width: '90px' },
    {
      id: 'quality', header: 'Quality', value: ({ row: r }) => r.quality ?? '', width: '140px',
      cell: ({ row: r }) => (rights.canEdit ? (
        <Menu>
          <Menu.Target>
            <Button size="compact-xs" variant="light" color={qualityColour(r.quality)} rightSection={<IconChevronDown size={12} />} aria-label={`${r.quality || 'not said'}: quality of scan ${r.ID}`}>{r.quality || 'not said'}</Button>
          </Menu.Target>
          <Menu.Dropdown>{qualities.map((q) => <Menu.Item key={q} onClick={() => setQuality([r], q)}>{q}</Menu.Item>)}</Menu.Dropdown>
        </Menu>
      ) : r.quality && <Badge variant="light" color={qualityColour(r.quality)}>{r.quality}</Badge>),
    },
    { id: 'frames', header: 'Images', value: ({ row: r }) => Number(r.frames || 0), width: '70px' },
    { id: 'size', header: 'Size', value: (s) => s.size, width: '80px', cell: (s) => (s.size > 0 ? plainSize(s.size) : '') },
    { id: 'formats', header: 'Files', value: (s) => s.formats, width: '90px' },
    {
      id: 'note', header: 'Note', value: ({ row: r }) => r.note ?? '', width: '1.5fr',
      cell: ({ row: r }) => (rights.canEdit ? <Anchor component="button" size="sm" onClick={() => setNoted(r)} aria-label={r.note ? `${r.note}: note on scan ${r.ID}` : `Add a note to scan ${r.ID}`}>{r.note || 'Add a note'}</Anchor> : r.note),
    },
  ];
  async function deleteThem(them: Row[], clear: () => void) {
    const which = them.map((r) => r.ID).join(', ');
    if (await confirm({ title: them.length === 1 ? `Delete scan ${which}?` : `Delete ${them.length} scans?`, text: `Scans ${which} and their files are gone for good.`, action: 'Delete' })) {
      change.mutate({ them, act: (scan) => remove(`${scan}?removeFiles=true`) });
      clear();
    }
  }
  if (scans.error) return <Failure error={scans.error} retry={scans.refetch} />;
  if (!scans.isPending && scans.rows.length === 0) return <Empty title="No scans">This session holds no scans; its other files are under Files.</Empty>;
  return (
    <>
      {change.error && <Failure error={change.error} />}
      <DataTable
        label="Scans" rows={rows} columns={columns} rowId={(s) => s.row.ID ?? ''} initialSort={[{ id: 'ID', desc: false }]} rowHeight={68}
        actions={(ticked, clear) => {
          const selected = ticked.map((s) => s.row);
          return (
            <Group gap="xs">
              <Button size="xs" component="a" href={`${address}/scans/${selected.map((r) => encodeURIComponent(r.ID ?? '')).join(',')}/files?format=zip`} leftSection={<IconDownload size={14} />}>Download {selected.length}</Button>
              {rights.canEdit && (
                <Menu>
                  <Menu.Target><Button size="xs" variant="default">Quality</Button></Menu.Target>
                  <Menu.Dropdown>{qualities.map((q) => <Menu.Item key={q} onClick={() => { setQuality(selected, q); clear(); }}>{q}</Menu.Item>)}</Menu.Dropdown>
                </Menu>
              )}
              {rights.canDelete && <Button size="xs" variant="light" color="red" onClick={() => void deleteThem(selected, clear)}>Delete…</Button>}
            </Group>
          );
        }}
      />
      <NoteDialog
        scan={noted} onClose={() => setNoted(undefined)} isPending={change.isPending}
        onSave={(note) => noted && change.mutate({ them: [noted], act: (scan) => put(scan, new URLSearchParams({ note: note || 'NULL' })) }, { onSuccess: () => setNoted(undefined) })}
      />
      {confirmation}
    </>
  );
}
