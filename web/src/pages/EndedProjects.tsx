import { Alert, Anchor, Badge, Button, Group, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { getJson, path, sendJson } from '../api/http';
import { Empty } from '../components/Empty';
import { Failure } from '../components/Failure';
import { PageHeading } from '../components/PageHeading';

interface End {
  id: string;
  project: string;
  started: string;
  finished: string | null;
  endedBy: string;
  reason: string;
  state: string;
  sha256: string | null;
  report: string | null;
}

interface Verified {
  reportUnchanged: boolean;
  auditRow: number | null;
  auditChainWhole: boolean;
  idIsReserved: boolean;
  nothingLeft: boolean;
  left: { room: string; kind: string; left: number; kept: boolean }[];
}

function Verification({ end }: { end: End }) {
  const verify = useMutation({ mutationFn: () => sendJson<Verified>('POST', path`/xapi/project-ends/${end.id}/verify`, {}) });
  const found = verify.data;
  const isProved = found && found.reportUnchanged && found.auditChainWhole && found.nothingLeft && found.idIsReserved && found.auditRow !== null;
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Button size="compact-xs" variant="default" loading={verify.isPending} onClick={() => verify.mutate()} aria-label={`Check again: ${end.project}`}>Check again</Button>
        {found && <Badge variant="light" color={isProved ? 'teal' : 'red'} role="status">{isProved ? 'nothing is left' : 'not proved'}</Badge>}
      </Group>
      {verify.error && <Alert color="red" role="alert">{verify.error.message}</Alert>}
      {found && !found.reportUnchanged && <Text size="sm">The report was altered.</Text>}
      {found && !found.auditChainWhole && <Text size="sm">The audit trail was altered.</Text>}
      {found?.left.map((l) => <Text size="sm" key={`${l.room} ${l.kind}`}>{l.left} {l.kind} in {l.room}{l.kept ? ', kept on purpose' : ''}</Text>)}
    </Stack>
  );
}

/** Projects that were ended, each with its report, which can be checked again at any time (R22). */
export default function EndedProjects() {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['ends'], queryFn: ({ signal }) => getJson<End[]>('/xapi/project-ends', signal), staleTime: 0 });
  return (
    <>
      <PageHeading title="Ended projects" trail={[{ label: 'Projects', to: '/' }]} note="What was deleted at the end of each project, and the proof." />
      {error ? <Failure error={error} retry={() => void refetch()} /> : isPending ? <Skeleton h={200} /> : data.length === 0 ? <Empty title="No project has ended">Owners end a project under Manage; its report then stands here.</Empty> : (
        <Table.ScrollContainer minWidth={760}>
          <Table aria-label="Ended projects" verticalSpacing="sm">
            <Table.Thead><Table.Tr><Table.Th>Project</Table.Th><Table.Th>Ended</Table.Th><Table.Th>By</Table.Th><Table.Th>Reason</Table.Th><Table.Th>Report</Table.Th><Table.Th>Proof</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {data.map((end) => (
                <Table.Tr key={end.id}>
                  <Table.Td>{end.project}</Table.Td><Table.Td>{new Date(end.finished ?? end.started).toLocaleString('en-GB')}</Table.Td><Table.Td>{end.endedBy}</Table.Td><Table.Td>{end.reason}</Table.Td>
                  <Table.Td>
                    {end.report ? (
                      <Group gap="xs">
                        <Anchor size="sm" href={`${end.report}?format=html`} target="_blank" rel="noreferrer" aria-label={`Read the report of ${end.project}`}>Read</Anchor>
                        <Anchor size="sm" href={`${end.report}?format=csv`}>CSV</Anchor>
                        <Anchor size="sm" href={end.report}>JSON</Anchor>
                      </Group>
                    ) : <Badge variant="light" color="blue">under way</Badge>}
                  </Table.Td>
                  <Table.Td><Verification end={end} /></Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </>
  );
}
