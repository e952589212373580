import { Alert, Badge, Button, Group, List, Skeleton, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { discard, quarantined, retry, type Quarantined, type Retried } from '../../api/quarantine';
import { plainMoment, plainSize } from '../../words';
import { useConfirmation } from '../Confirmation';
import { DataTable, type Column } from '../DataTable';
import { Empty } from '../Empty';
import { Failure } from '../Failure';
import { InspectDialog } from './InspectDialog';

const kinds = { script: 'script', pixels: 'pictures', unreadable: 'unreadable' };

function Outcome({ retried }: { retried: Retried }) {
  const still = retried.objects.filter((o) => o.outcome === 'Quarantined');
  const left = retried.objects.length - still.length;
  const reasons = [...new Set(still.map((o) => `${o.reason?.line ? `Line ${o.reason.line}: ` : ''}${o.reason?.reason ?? 'It failed again.'}`))];
  return (
    <Alert color={still.length === 0 ? 'teal' : 'orange'} role="status" title={`${left} left the quarantine, ${still.length} failed again`}>
      <List size="sm">
        {reasons.slice(0, 10).map((r) => <List.Item key={r}>{r}</List.Item>)}
        {retried.archived.map((a) => <List.Item key={a.session}>{a.archived ? 'Added to the session that it was missing from.' : a.reason}</List.Item>)}
      </List>
    </Alert>
  );
}

/** Images that could not be de-identified, of a project or of all: looked into without their values, tried again, or deleted (R10). */
export function QuarantineTable({ project }: { project?: string }) {
  const client = useQueryClient();
  const key = ['quarantine', project ?? ''];
  const { data, error, isPending, refetch } = useQuery({ queryKey: key, queryFn: ({ signal }) => quarantined(project, signal), staleTime: 0 });
  const [inspected, setInspected] = useState<Quarantined>();
  const [confirm, confirmation] = useConfirmation();
  const settle = () => Promise.all([client.invalidateQueries({ queryKey: ['quarantine'] }), client.invalidateQueries({ queryKey: ['prearchive'] })]);
  const again = useMutation({ mutationFn: retry, onSettled: settle });
  const ending = useMutation({ mutationFn: discard, onSettled: settle });
  const columns: Column<Quarantined>[] = [
    { id: 'received', header: 'Arrived', value: (q) => q.received, cell: (q) => plainMoment(q.received), width: '95px' },
    ...(project === undefined ? [{ id: 'project', header: 'Project', value: (q: Quarantined) => q.projectId ?? 'Unassigned' }] : []),
    { id: 'scope', header: 'Failed at', value: (q) => `${q.scope} ${kinds[q.kind] ?? q.kind}`, width: '120px', cell: (q) => <Badge variant="light" color="gray">{q.scope} {kinds[q.kind] ?? q.kind}</Badge> },
    { id: 'line', header: 'Line', value: (q) => q.line ?? '', width: '45px' },
    { id: 'reason', header: 'Reason', value: (q) => q.reason, width: '3fr', cell: (q) => <span title={`${q.statement}\n${q.reason}`}>{q.reason}</span> },
    { id: 'attempts', header: 'Tried', value: (q) => q.attempts, width: '50px' },
    { id: 'size', header: 'Size', value: (q) => q.size, cell: (q) => plainSize(q.size), width: '75px' },
    { id: 'inspect', header: '', value: () => '', width: '80px', cell: (q) => <Button size="compact-xs" variant="subtle" onClick={() => setInspected(q)}>Look into</Button> },
  ];
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton h={200} />;
  return (
    <Stack>
      {(again.error ?? ending.error) && <Alert color="red" role="alert">{(again.error ?? ending.error)!.message}</Alert>}
      {again.data && <Outcome retried={again.data} />}
      {data.length === 0 ? <Empty title="Nothing is in quarantine">Images on which a script fails come here, encrypted, and are never stored in the open.</Empty> : (
        <DataTable
          label="Quarantine" rows={data} columns={columns} rowId={(q) => q.id} height="55vh"
          actions={(them, clear) => {
            const ids = them.map((q) => q.id);
            return (
              <Group gap="xs">
                <Button size="xs" loading={again.isPending} onClick={() => { again.mutate(ids); clear(); }}>Try again with the present scripts</Button>
                <Button
                  size="xs" color="red" variant="light" loading={ending.isPending}
                  onClick={() => void confirm({ title: `Delete ${them.length} from quarantine?`, text: 'They are gone for good; the sender has to send them again if they are wanted.', action: 'Delete' }).then((yes) => { if (yes) { ending.mutate(ids); clear(); } })}
                >
                  Delete…
                </Button>
              </Group>
            );
          }}
        />
      )}
      <InspectDialog object={inspected} onClose={() => setInspected(undefined)} />
      {confirmation}
    </Stack>
  );
}
