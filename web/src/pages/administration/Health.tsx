import { Badge, Card, Group, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getJson, getText } from '../../api/http';
import { Failure } from '../../components/Failure';
import { Fields } from '../../components/Fields';

interface State {
  status: string;
  database: boolean;
  receivers: boolean;
  failedPorts: number[];
}

// A server that is unwell answers 503, with what is wrong in the body.
async function healthOf(signal: AbortSignal): Promise<State> {
  const response = await fetch('/healthz', { signal });
  return (await response.json()) as State;
}

function Part({ name, isWell, note }: { name: string; isWell: boolean; note: string }) {
  return (
    <Card withBorder padding="md">
      <Group justify="space-between"><Text fw={600}>{name}</Text><Badge variant="light" color={isWell ? 'teal' : 'red'}>{isWell ? 'well' : 'failing'}</Badge></Group>
      <Text size="sm" c="dimmed" mt={4}>{note}</Text>
    </Card>
  );
}

/** Whether the server and what it needs are well (R37). */
export function Health() {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['health'], queryFn: ({ signal }) => healthOf(signal), staleTime: 0 });
  const build = useQuery({ queryKey: ['health', 'build'], queryFn: ({ signal }) => getJson<Record<string, unknown>>('/xapi/siteConfig/buildInfo', signal) });
  const uptime = useQuery({ queryKey: ['health', 'uptime'], queryFn: ({ signal }) => getText('/xapi/siteConfig/uptime/display', signal), staleTime: 0 });
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton h={160} />;
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Part name="Web and REST" isWell note="It answered this page." />
        <Part name="Database" isWell={data.database} note={data.database ? 'It answers.' : 'It does not answer; nothing can be stored.'} />
        <Part name="Receivers" isWell={data.receivers} note={data.receivers ? 'All that are switched on listen.' : `These ports cannot be opened, another program may use them: ${data.failedPorts.join(', ')}.`} />
      </SimpleGrid>
      <Fields label="Server" rows={[['Version', String(build.data?.version ?? '')], ['Built', String(build.data?.timestamp ?? build.data?.buildDate ?? '')], ['Running for', uptime.data?.replaceAll('"', '')]]} />
      <Text size="sm" c="dimmed">For monitoring: /healthz says the same to programs, /metrics in the format of Prometheus.</Text>
    </Stack>
  );
}
