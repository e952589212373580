import { Button, Group, Skeleton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, path, post, remove } from '../../api/http';
import { useConfirmation } from '../../components/Confirmation';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { plainMoment, plainSize } from '../../words';

interface Quarantined {
  id: string;
  received: string;
  projectId: string | null;
  scope: string;
  line: number | null;
  statement: string;
  reason: string;
  size: number;
  receiver: string;
}

const columns: Column<Quarantined>[] = [
  { id: 'received', header: 'Arrived', value: (q) => q.received, cell: (q) => plainMoment(q.received), width: '95px' },
  { id: 'project', header: 'Project', value: (q) => q.projectId ?? 'Unassigned' },
  { id: 'scope', header: 'Script', value: (q) => q.scope, width: '70px' },
  { id: 'line', header: 'Line', value: (q) => q.line ?? '', width: '50px' },
  { id: 'reason', header: 'Reason', value: (q) => q.reason, width: '3fr' },
  { id: 'size', header: 'Size', value: (q) => q.size, cell: (q) => plainSize(q.size), width: '80px' },
];

/** Images that could not be de-identified: encrypted, until somebody decides (R10). */
export function Quarantine() {
  const client = useQueryClient();
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['quarantine'], queryFn: ({ signal }) => getJson<Quarantined[]>('/xapi/quarantine', signal) });
  const [confirm, confirmation] = useConfirmation();
  const work = useMutation({
    mutationFn: async ({ them, act }: { them: Quarantined[]; act: (one: Quarantined) => Promise<unknown> }) => {
      let failed = 0;
      for (const one of them) await act(one).catch(() => failed++);
      return failed;
    },
    onSuccess: (failed, { them }) => {
      notifications.show({ message: failed === 0 ? `Done: ${them.length}` : `${failed} of ${them.length} did not work: the script still fails on them, or their session waits in the prearchive.`, color: failed === 0 ? 'teal' : 'red' });
      void client.invalidateQueries({ queryKey: ['quarantine'] });
    },
  });
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton h={200} />;
  if (data.length === 0) return <Empty title="Nothing is in quarantine">Images on which a script fails come here, encrypted, and are never stored in the open.</Empty>;
  return (
    <>
      <DataTable
        label="Quarantine" rows={data} columns={columns} rowId={(q) => q.id}
        actions={(them, clear) => (
          <Group gap="xs">
            <Button size="xs" loading={work.isPending} onClick={() => { work.mutate({ them, act: (q) => post(path`/xapi/quarantine/${q.id}/retry`) }); clear(); }}>Try again with the present script</Button>
            <Button size="xs" color="red" variant="light" onClick={() => void confirm({ title: `Delete ${them.length} from quarantine?`, text: 'They are gone for good.', action: 'Delete' }).then((yes) => { if (yes) { work.mutate({ them, act: (q) => remove(path`/xapi/quarantine/${q.id}`) }); clear(); } })}>Delete…</Button>
          </Group>
        )}
      />
      {confirmation}
    </>
  );
}
