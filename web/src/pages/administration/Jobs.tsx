import { Badge, Button, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { pacsSites } from '../../api/pacs';
import { getJson } from '../../api/http';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { plainMoment } from '../../words';
import { stateOf } from '../import/words';

interface JobCount {
  kind: string;
  lane: string;
  state: string;
  count: number;
  oldest: string;
}

const kinds: Record<string, string> = { retrieve: 'Fetch studies', inbox: 'Import from the inbox' };

/** What the server works on beside requests: how much waits, runs, and ended in the last day. */
export function Jobs() {
  const { data, error, isPending, refetch, isFetching } = useQuery({ queryKey: ['jobs'], queryFn: ({ signal }) => getJson<JobCount[]>('/xapi/vesalius/jobs', signal), staleTime: 0 });
  const pacs = useQuery({ queryKey: ['pacs', 'sites'], queryFn: ({ signal }) => pacsSites(signal) });
  const laneOf = (lane: string) => {
    const [thing, id] = lane.split(':');
    return thing === 'pacs' ? (pacs.data?.find((p) => String(p.id) === id)?.label ?? lane) : lane;
  };
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton h={160} />;
  if (data.length === 0) return <Empty title="Nothing to do, and nothing ended in the last day">Imports and other long work are counted here.</Empty>;
  return (
    <Stack align="flex-start">
      <Table aria-label="Jobs" verticalSpacing="xs">
        <Table.Thead><Table.Tr><Table.Th>Work</Table.Th><Table.Th>At</Table.Th><Table.Th>State</Table.Th><Table.Th>Jobs</Table.Th><Table.Th>Longest so since</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {data.map((j) => (
            <Table.Tr key={`${j.kind} ${j.lane} ${j.state}`}>
              <Table.Td>{kinds[j.kind] ?? j.kind}</Table.Td><Table.Td>{laneOf(j.lane)}</Table.Td>
              <Table.Td><Badge variant="light" color={stateOf(j.state).colour}>{stateOf(j.state).word}</Badge></Table.Td>
              <Table.Td>{j.count.toLocaleString('en-GB')}</Table.Td><Table.Td>{plainMoment(j.oldest)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Button variant="default" size="xs" loading={isFetching} onClick={() => void refetch()}>Count again</Button>
      <Text size="sm" c="dimmed">Ended ones are those of the last day. Single studies are steered under Import from PACS, Queue and history.</Text>
    </Stack>
  );
}
