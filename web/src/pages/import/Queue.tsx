import { Badge, Button, Card, Group, Progress, SegmentedControl, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { batch as readBatch, batches, batchRows, requests, steerBatch, steerRequest, type Batch, type ImportRequest } from '../../api/dqr';
import { useChanges } from '../../api/useChanges';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { plainMoment } from '../../words';
import { isOver, stateOf } from './words';

const key = ['imports'];

const columns: Column<ImportRequest>[] = [
  { id: 'state', header: 'State', value: (r) => stateOf(r.state).word, width: '150px', cell: (r) => <Badge variant="light" color={stateOf(r.state).colour}>{stateOf(r.state).word}</Badge> },
  { id: 'project', header: 'Project', value: (r) => r.xnatProject },
  { id: 'subject', header: 'Subject', value: (r) => r.subjectLabel ?? '' },
  { id: 'session', header: 'Session', value: (r) => r.experimentLabel ?? '' },
  { id: 'images', header: 'Images', value: (r) => r.arrived, width: '90px', cell: (r) => (r.expected ? `${r.arrived} of ${r.expected}` : r.arrived || '') },
  { id: 'why', header: 'Why', value: (r) => r.errorMessage ?? '', width: '2fr' },
  { id: 'changed', header: 'Last change', value: (r) => r.timestamp, width: '95px', cell: (r) => plainMoment(new Date(r.timestamp).toISOString()) },
];

function BatchCard({ summary, onOpen, isOpen }: { summary: Batch; onOpen: () => void; isOpen: boolean }) {
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: [...key, 'batch', summary.id], queryFn: ({ signal }) => readBatch(summary.id, signal) });
  const steer = useMutation({ mutationFn: (action: string) => steerBatch(summary.id, action), onSettled: () => client.invalidateQueries({ queryKey: key }) });
  const counts = data?.counts ?? {};
  const over = Object.entries(counts).filter(([state]) => isOver(state)).reduce((sum, [, n]) => sum + n, 0);
  const isDone = over >= summary.rows;
  return (
    <Card withBorder padding="md">
      <Group justify="space-between">
        <div>
          <Text fw={600}>{summary.projectId}: {summary.rows.toLocaleString('en-GB')} {summary.rows === 1 ? 'study' : 'studies'}</Text>
          <Text size="xs" c="dimmed">{summary.username}, {new Date(summary.created).toLocaleString('en-GB')}</Text>
        </div>
        <Group gap="xs">
          <Button size="xs" variant="subtle" onClick={onOpen} aria-expanded={isOpen}>{isOpen ? 'Hide rows' : 'Show rows'}</Button>
          {!isDone && <Button size="xs" variant="default" onClick={() => steer.mutate(counts.paused ? 'resume' : 'pause')}>{counts.paused ? 'Resume' : 'Pause'}</Button>}
          {(counts.failed || counts.incomplete) ? <Button size="xs" variant="default" onClick={() => steer.mutate('retry')}>Try failed ones again</Button> : null}
          {!isDone && <Button size="xs" color="red" variant="light" onClick={() => steer.mutate('cancel')}>Cancel</Button>}
        </Group>
      </Group>
      <Progress.Root size="lg" mt="sm" aria-label={`Progress of ${summary.projectId}`}>
        {Object.entries(counts).filter(([state]) => isOver(state)).map(([state, n]) => <Progress.Section key={state} value={(100 * n) / summary.rows} color={stateOf(state).colour} aria-label={`${stateOf(state).word}: ${n}`} />)}
      </Progress.Root>
      <Group gap="sm" mt="xs">{Object.entries(counts).map(([state, n]) => <Badge key={state} variant="light" color={stateOf(state).colour}>{stateOf(state).word}: {n.toLocaleString('en-GB')}</Badge>)}</Group>
    </Card>
  );
}

/** Everything that was asked for: what runs, what waits and why, what came of it. */
export function Queue() {
  const client = useQueryClient();
  useChanges('imports', key);
  const [list, setList] = useState<'queue' | 'history'>('queue');
  const [opened, setOpened] = useState<string>();
  const all = useQuery({ queryKey: [...key, 'batches'], queryFn: ({ signal }) => batches(signal) });
  const single = useQuery({ queryKey: [...key, list], queryFn: ({ signal }) => requests(list, signal), enabled: !opened });
  const rows = useQuery({ queryKey: [...key, 'rows', opened], queryFn: ({ signal }) => batchRows(opened!, signal), enabled: !!opened });
  const steer = useMutation({
    mutationFn: ({ them, action }: { them: ImportRequest[]; action: string }) => Promise.allSettled(them.map((r) => steerRequest(r.id, action))),
    onSettled: () => client.invalidateQueries({ queryKey: key }),
  });
  if (all.error) return <Failure error={all.error} retry={() => void all.refetch()} />;
  const shown = opened ? rows : single;
  return (
    <Stack>
      {(all.data ?? []).slice(0, 20).map((b) => <BatchCard key={b.id} summary={b} isOpen={opened === b.id} onOpen={() => setOpened(opened === b.id ? undefined : b.id)} />)}
      <Group justify="space-between">
        <Title order={3} size="h5">{opened ? 'Rows of the batch' : 'Requests'}</Title>
        {!opened && <SegmentedControl aria-label="Which requests" value={list} onChange={(v) => setList(v as typeof list)} data={[{ value: 'queue', label: 'Under way' }, { value: 'history', label: 'Ended' }]} />}
      </Group>
      {shown.error ? <Failure error={shown.error} /> : shown.isPending ? <Skeleton h={160} /> : shown.data.length === 0 ? <Empty title={list === 'queue' ? 'Nothing is under way' : 'Nothing has ended yet'} /> : (
        <DataTable
          label="Requests" rows={shown.data} columns={columns} rowId={(r) => String(r.id)} height="45vh" initialSort={[{ id: 'changed', desc: true }]}
          actions={(them, clear) => (
            <Group gap="xs">
              {(['pause', 'resume', 'retry', 'cancel'] as const).map((action) => (
                <Button key={action} size="xs" variant={action === 'cancel' ? 'light' : 'default'} color={action === 'cancel' ? 'red' : undefined} onClick={() => { steer.mutate({ them, action }); clear(); }}>
                  {{ pause: 'Pause', resume: 'Resume', retry: 'Try again', cancel: 'Cancel' }[action]}
                </Button>
              ))}
            </Group>
          )}
        />
      )}
    </Stack>
  );
}
