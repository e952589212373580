import { Alert, Badge, Button, Card, Group, Menu, Progress, Skeleton, Stack, Text, UnstyledButton } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { batch as readBatch, batchRows, rowsAtOnce, steerBatch, type Batch } from '../../api/dqr';
import { useConfirmation } from '../../components/Confirmation';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { importsKey } from './keys';
import { RequestTable } from './RequestTable';
import { isOver, priorities, stateOf } from './words';

function BatchRows({ id, state }: { id: string; state: string | undefined }) {
  const rows = useInfiniteQuery({
    queryKey: [...importsKey, 'rows', id, state], queryFn: ({ pageParam, signal }) => batchRows(id, pageParam, state, signal), initialPageParam: 0,
    getNextPageParam: (last) => (last.length === rowsAtOnce ? last.at(-1)!.row! : undefined),
  });
  if (rows.error) return <Failure error={rows.error} />;
  if (rows.isPending) return <Skeleton h={160} />;
  const all = rows.data.pages.flat();
  if (all.length === 0) return <Empty title="No row is in this state now" />;
  return (
    <Stack gap="xs">
      <RequestTable label="Rows of the list" rows={all} ofOneProject />
      {rows.hasNextPage && <Button variant="subtle" loading={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>Read the next {rowsAtOnce.toLocaleString('en-GB')} rows</Button>}
    </Stack>
  );
}

/** One list that was started: how far it is, its rows by state, and what can be done with it as a whole. */
export function BatchCard({ summary, onOpen, isOpen }: { summary: Batch; onOpen: () => void; isOpen: boolean }) {
  const client = useQueryClient();
  const [state, setState] = useState<string>();
  const [confirm, confirmation] = useConfirmation();
  const { data } = useQuery({ queryKey: [...importsKey, 'batch', summary.id], queryFn: ({ signal }) => readBatch(summary.id, signal) });
  const steer = useMutation({
    mutationFn: ({ action, priority }: { action: string; priority?: number }) => steerBatch(summary.id, action, priority),
    onSettled: () => client.invalidateQueries({ queryKey: importsKey }),
  });
  const counts = data?.counts ?? {};
  const over = Object.entries(counts).filter(([name]) => isOver(name)).reduce((sum, [, n]) => sum + n, 0);
  const isDone = over >= summary.rows;
  const show = (name: string) => {
    setState(state === name ? undefined : name);
    if (!isOpen) onOpen();
  };
  async function cancel() {
    if (await confirm({ title: 'Cancel the rest of this list?', text: `${summary.rows - over} studies are not fetched. What has arrived stays.`, action: 'Cancel the rest' })) steer.mutate({ action: 'cancel' });
  }
  return (
    <Card withBorder padding="md" role="group" aria-label={`List into ${summary.projectId}`}>
      <Group justify="space-between">
        <div>
          <Text fw={600}>{summary.projectId}: {summary.rows.toLocaleString('en-GB')} {summary.rows === 1 ? 'study' : 'studies'}</Text>
          <Text size="xs" c="dimmed">{summary.username}, {new Date(summary.created).toLocaleString('en-GB')}</Text>
        </div>
        <Group gap="xs">
          <Button size="xs" variant="subtle" onClick={onOpen} aria-expanded={isOpen}>{isOpen ? 'Hide rows' : 'Show rows'}</Button>
          {!isDone && <Button size="xs" variant="default" onClick={() => steer.mutate({ action: counts.paused ? 'resume' : 'pause' })}>{counts.paused ? 'Resume' : 'Pause'}</Button>}
          {!isDone && (
            <Menu>
              <Menu.Target><Button size="xs" variant="default">Priority</Button></Menu.Target>
              <Menu.Dropdown>{priorities.map((p) => <Menu.Item key={p.value} onClick={() => steer.mutate({ action: 'priority', priority: p.value })}>{p.label}</Menu.Item>)}</Menu.Dropdown>
            </Menu>
          )}
          {(counts.failed || counts.incomplete) ? <Button size="xs" variant="default" onClick={() => steer.mutate({ action: 'retry' })}>Try failed ones again</Button> : null}
          {!isDone && <Button size="xs" color="red" variant="light" onClick={() => void cancel()}>Cancel…</Button>}
        </Group>
      </Group>
      {steer.error && <Alert color="red" role="alert" mt="sm">{steer.error.message}</Alert>}
      <Progress.Root size="lg" mt="sm" aria-label={`Progress of ${summary.projectId}`}>
        {Object.entries(counts).filter(([name]) => isOver(name)).map(([name, n]) => <Progress.Section key={name} value={(100 * n) / summary.rows} color={stateOf(name).colour} aria-label={`${stateOf(name).word}: ${n}`} />)}
      </Progress.Root>
      <Group gap="sm" mt="xs">
        <Text size="sm" aria-live="polite">{over.toLocaleString('en-GB')} of {summary.rows.toLocaleString('en-GB')} ended</Text>
        {Object.entries(counts).map(([name, n]) => (
          <UnstyledButton key={name} aria-pressed={isOpen && state === name} onClick={() => show(name)} title="Show these rows only">
            <Badge component="span" variant={isOpen && state === name ? 'filled' : 'light'} color={stateOf(name).colour} style={{ cursor: 'pointer' }}>{stateOf(name).word}: {n.toLocaleString('en-GB')}</Badge>
          </UnstyledButton>
        ))}
      </Group>
      {isOpen && <div style={{ marginTop: 12 }}><BatchRows id={summary.id} state={state} /></div>}
      {confirmation}
    </Card>
  );
}
