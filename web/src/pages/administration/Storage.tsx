import { Anchor, Card, Group, Progress, SimpleGrid, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { getJson, path } from '../../api/http';
import { DataTable, type Column } from '../../components/DataTable';
import { Failure } from '../../components/Failure';
import { plainSize } from '../../words';

interface Use {
  volumes: { folder: string; total: number; free: number }[];
  projects: ProjectUse[];
  prearchive: { sessions: number; size: number };
  quarantine: { objects: number; size: number };
}

interface ProjectUse {
  project: string;
  experiments: number;
  files: number;
  size: number;
}

const columns: Column<ProjectUse>[] = [
  { id: 'project', header: 'Project', value: (p) => p.project, cell: (p) => <Anchor component={Link} size="sm" to={path`/projects/${p.project}`}>{p.project}</Anchor> },
  { id: 'experiments', header: 'Experiments', value: (p) => p.experiments, cell: (p) => p.experiments.toLocaleString('en-GB') },
  { id: 'files', header: 'Files', value: (p) => p.files, cell: (p) => p.files.toLocaleString('en-GB') },
  { id: 'size', header: 'Size', value: (p) => p.size, cell: (p) => plainSize(p.size) },
];

const names: Record<string, string> = { archive: 'Archive', prearchive: 'Prearchive', cache: 'What arrives' };

/** Room on disk, and who takes it up. */
export function Storage() {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['storage'], queryFn: ({ signal }) => getJson<Use>('/xapi/vesalius/storage', signal), staleTime: 0 });
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton h={240} role="status" aria-label="Counting" />;
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        {data.volumes.map((v) => {
          const used = v.total > 0 ? (100 * (v.total - v.free)) / v.total : 0;
          return (
            <Card withBorder padding="md" key={v.folder}>
              <Text fw={600}>{names[v.folder] ?? v.folder}</Text>
              <Progress value={used} color={used > 90 ? 'red' : used > 75 ? 'yellow' : 'teal'} mt="xs" aria-label={`${names[v.folder] ?? v.folder}: ${Math.round(used)} % of the volume is used`} />
              <Text size="sm" c="dimmed" mt={4}>{plainSize(v.free)} free of {plainSize(v.total)}</Text>
            </Card>
          );
        })}
      </SimpleGrid>
      <Group>
        <Text size="sm">Prearchive: {data.prearchive.sessions.toLocaleString('en-GB')} sessions, {plainSize(data.prearchive.size)}.</Text>
        <Text size="sm">Quarantine: {data.quarantine.objects.toLocaleString('en-GB')} images, {plainSize(data.quarantine.size)}.</Text>
      </Group>
      <DataTable label="Projects" rows={data.projects} columns={columns} rowId={(p) => p.project} initialSort={[{ id: 'size', desc: true }]} height="45vh" />
    </Stack>
  );
}
