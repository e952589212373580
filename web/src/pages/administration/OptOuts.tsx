import { Alert, Button, FileButton, Group, List, Paper, Skeleton, Stack, Table, Text, Textarea, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { getJson, send, sendJson } from '../../api/http';
import { useConfirmation } from '../../components/Confirmation';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';

interface Refusal {
  day: string;
  reason: string;
  door: string;
  project: string | null;
  count: number;
}

interface Added {
  added: number;
  known: number;
  faults: { row: number; reason: string }[];
}

const address = '/xapi/opt-outs';

const reasons: Record<string, string> = { optOut: 'opted out', optOutRequest: 'opted out (study not fetched)', seriesFilter: 'series filter' };

/** Patients who opted out of research: kept as keyed hashes, so they can be asked for and not listed (R8). */
export function OptOuts() {
  const client = useQueryClient();
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['opt-outs'], queryFn: ({ signal }) => getJson<{ identifiers: number; refusals: Refusal[] }>(address, signal), staleTime: 0 });
  const [typed, setTyped] = useState('');
  const [confirm, confirmation] = useConfirmation();
  const identifiers = typed.split(/[\n,;]/).map((t) => t.trim()).filter(Boolean);
  const settle = () => client.invalidateQueries({ queryKey: ['opt-outs'] });
  const adding = useMutation({ mutationFn: () => sendJson<Added>('POST', address, identifiers), onSuccess: () => setTyped(''), onSettled: settle });
  const list = useMutation({ mutationFn: async (file: File) => (await (await send(address, { method: 'POST', body: file, headers: { 'Content-Type': 'text/csv' } })).json()) as Added, onSettled: settle });
  const checking = useMutation({ mutationFn: () => sendJson<boolean[]>('POST', `${address}/check`, identifiers) });
  const removing = useMutation({
    mutationFn: async () => (await (await send(address, { method: 'DELETE', body: JSON.stringify(identifiers), headers: { 'Content-Type': 'application/json' } })).json()) as { removed: number },
    onSuccess: () => setTyped(''), onSettled: settle,
  });
  const all = [adding, list, checking, removing];
  const start = (which: (typeof all)[number], act: () => void) => {
    for (const other of all) if (other !== which) other.reset();
    act();
  };
  const done = adding.data ?? list.data;
  const failed = all.find((m) => m.error)?.error;
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton h={200} />;
  return (
    <Stack>
      <Text size="sm">{data.identifiers.toLocaleString('en-GB')} {data.identifiers === 1 ? 'identifier is' : 'identifiers are'} registered. They are kept as hashes: the list cannot be read back.</Text>
      <Paper withBorder p="md">
        <Stack gap="sm">
          <Textarea label="Identifiers" description="Patient IDs or NHS numbers, one a line. They are sent in the body of the request and not kept." autosize minRows={3} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} autoComplete="off" />
          <Group>
            <Button disabled={identifiers.length === 0} loading={adding.isPending} onClick={() => start(adding, () => adding.mutate())}>Register</Button>
            <Button variant="default" disabled={identifiers.length === 0} loading={checking.isPending} onClick={() => start(checking, () => checking.mutate())}>Are they registered?</Button>
            <Button
              variant="light" color="red" disabled={identifiers.length === 0} loading={removing.isPending}
              onClick={() => void confirm({ title: `Take ${identifiers.length} out of the registry?`, text: 'Images of these patients are let in again.', action: 'Take out' }).then((yes) => yes && start(removing, () => removing.mutate()))}
            >
              Take out…
            </Button>
            <FileButton accept=".csv,text/csv,text/plain" onChange={(file) => file && start(list, () => list.mutate(file))}>
              {(properties) => <Button variant="default" loading={list.isPending} {...properties}>Register a CSV list</Button>}
            </FileButton>
          </Group>
          {failed && <Alert color="red" role="alert">{failed.message}</Alert>}
          {done && (
            <Alert color={done.faults.length > 0 ? 'orange' : 'teal'} role="status" title={`${done.added} registered, ${done.known} were there already`}>
              {done.faults.length > 0 && <List size="sm">{done.faults.slice(0, 20).map((f) => <List.Item key={f.row}>Row {f.row}: {f.reason}</List.Item>)}</List>}
            </Alert>
          )}
          {checking.data && <Alert color="blue" role="status" title={`${checking.data.filter(Boolean).length} of ${checking.data.length} are registered`} />}
          {removing.data && <Alert color="teal" role="status" title={`${removing.data.removed} taken out`} />}
        </Stack>
      </Paper>
      <Title order={3} size="h5">What was kept out</Title>
      {data.refusals.length === 0 ? <Empty title="Nothing was kept out yet">Images of registered patients, and series that a filter refuses, are counted here.</Empty> : (
        <Table aria-label="What was kept out" verticalSpacing={6}>
          <Table.Thead><Table.Tr><Table.Th>Day</Table.Th><Table.Th>Why</Table.Th><Table.Th>Came by</Table.Th><Table.Th>Project</Table.Th><Table.Th>Images</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {data.refusals.map((r, i) => <Table.Tr key={i}><Table.Td>{r.day}</Table.Td><Table.Td>{reasons[r.reason] ?? r.reason}</Table.Td><Table.Td>{r.door}</Table.Td><Table.Td>{r.project ?? 'Unassigned'}</Table.Td><Table.Td>{r.count.toLocaleString('en-GB')}</Table.Td></Table.Tr>)}
          </Table.Tbody>
        </Table>
      )}
      {confirmation}
    </Stack>
  );
}
