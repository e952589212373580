import { Anchor, Button, Group, Skeleton } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link, useNavigate } from 'react-router';
import { path, remove } from '../../api/http';
import type { Row } from '../../api/tables';
import type { Rights } from '../../api/useRights';
import { useTable } from '../../api/useTable';
import { useConfirmation } from '../../components/Confirmation';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { plainType } from '../../words';

/** The sessions of a project; some can be downloaded together, or deleted. */
export function Sessions({ project, rights }: { project: string; rights: Rights }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const address = path`/data/projects/${project}/experiments`;
  const { rows, isPending, isGrowing, error, refetch } = useTable(address, { columns: 'ID,label,date,time,xsiType,modality,subject_label,scanner,insert_date,insert_user,last_modified' });
  const [confirm, confirmation] = useConfirmation();
  const removing = useMutation({
    mutationFn: async (them: Row[]) => {
      for (const row of them) await remove(`${address}${path`/${row.ID ?? ''}`}?removeFiles=true`);
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['table'] }),
  });
  const columns = useMemo<Column<Row>[]>(() => [
    { id: 'label', header: 'Session', value: (r) => r.label ?? '', cell: (r) => <Anchor component={Link} size="sm" to={path`/projects/${project}/experiments/${r.label ?? ''}`}>{r.label}</Anchor> },
    { id: 'subject', header: 'Subject', value: (r) => r.subject_label ?? '', cell: (r) => <Anchor component={Link} size="sm" to={path`/projects/${project}/subjects/${r.subject_label ?? ''}`}>{r.subject_label}</Anchor> },
    { id: 'type', header: 'Kind', value: (r) => plainType(r.xsiType ?? '') },
    { id: 'modality', header: 'Modality', value: (r) => r.modality ?? '', isOptional: true },
    { id: 'date', header: 'Date', value: (r) => r.date ?? '' },
    { id: 'time', header: 'Time', value: (r) => r.time ?? '', isOptional: true },
    { id: 'scanner', header: 'Station', value: (r) => r.scanner ?? '', isOptional: true },
    { id: 'insert_date', header: 'Added', value: (r) => (r.insert_date ?? '').slice(0, 16) },
    { id: 'insert_user', header: 'Added by', value: (r) => r.insert_user ?? '', isOptional: true },
    { id: 'last_modified', header: 'Changed', value: (r) => (r.last_modified ?? '').slice(0, 16), isOptional: true },
    { id: 'ID', header: 'Accession', value: (r) => r.ID ?? '', isOptional: true },
  ], [project]);
  async function deleteThem(them: Row[], clear: () => void) {
    const title = them.length === 1 ? `Delete session ${them[0]!.label}?` : `Delete ${them.length} sessions?`;
    if (await confirm({ title, text: 'All their scans, files and what was made from them are gone for good.', action: 'Delete' })) {
      removing.mutate(them);
      clear();
    }
  }
  if (error) return <Failure error={error} retry={refetch} />;
  if (isPending) return <Skeleton h={300} />;
  if (rows.length === 0) {
    return (
      <Empty title="No sessions yet" action={rights.canEdit && <Group mt="sm"><Button component={Link} to="/upload">Upload images</Button><Button component={Link} to="/import" variant="default">Import from PACS</Button></Group>}>
        Sessions come here from the prearchive once they are archived.
      </Empty>
    );
  }
  return (
    <>
      {removing.error && <Failure error={removing.error} />}
      <DataTable
        label="Sessions" rows={rows} columns={columns} rowId={(r) => r.ID ?? ''} isGrowing={isGrowing} initialSort={[{ id: 'insert_date', desc: true }]} choosable="sessions"
        actions={(selected, clear) => (
          <Group gap="xs">
            <Button size="xs" leftSection={<IconDownload size={14} />} onClick={() => void navigate(path`/projects/${project}/download`, { state: { sessions: selected.map((r) => r.ID ?? '') } })}>Download {selected.length}…</Button>
            {rights.canDelete && <Button size="xs" variant="light" color="red" loading={removing.isPending} onClick={() => void deleteThem(selected, clear)}>Delete…</Button>}
          </Group>
        )}
      />
      {confirmation}
    </>
  );
}
