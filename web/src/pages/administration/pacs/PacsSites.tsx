import { Alert, Anchor, Badge, Button, Group, Skeleton, Stack, Table } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { askPacs, pacsSites, removePacs, type PacsSite } from '../../../api/pacs';
import { useConfirmation } from '../../../components/Confirmation';
import { Empty } from '../../../components/Empty';
import { Failure } from '../../../components/Failure';
import { HoursPanel } from './HoursPanel';
import { ImportRights } from './ImportRights';
import { PacsDialog } from './PacsDialog';

const fresh: PacsSite = {
  label: '', aeTitle: '', host: '', queryRetrievePort: 104, queryable: true, defaultQueryRetrievePacs: false, dicomWebEnabled: false, dicomWebRootUrl: null, supportsExtendedNegotiations: false, enabled: true,
};

function Answer({ site }: { site: PacsSite }) {
  const ask = useMutation({ mutationFn: () => askPacs(site.id!) });
  return (
    <Group gap="xs" wrap="nowrap">
      <Button size="compact-xs" variant="default" loading={ask.isPending} onClick={() => ask.mutate()} aria-label={`Ask it: ${site.label}`}>Ask it</Button>
      {ask.data && <Badge variant="light" color={ask.data.successful ? 'teal' : 'red'} role="status">{ask.data.successful ? 'answers' : 'no answer'}</Badge>}
      {ask.error && <Badge variant="light" color="red" role="status">not asked</Badge>}
    </Group>
  );
}

/** The PACS that studies are fetched from, and when they may be asked (R4, R5). */
export function PacsSites() {
  const client = useQueryClient();
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['pacs', 'sites'], queryFn: ({ signal }) => pacsSites(signal) });
  const [edited, setEdited] = useState<PacsSite>();
  const [timed, setTimed] = useState<number>();
  const [confirm, confirmation] = useConfirmation();
  const remove = useMutation({ mutationFn: removePacs, onSettled: () => client.invalidateQueries({ queryKey: ['pacs'] }) });
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton h={200} />;
  const shown = data.find((p) => p.id === timed);
  return (
    <Stack>
      <Group><Button onClick={() => setEdited(fresh)}>New PACS</Button></Group>
      {remove.error && <Alert color="red" role="alert">{remove.error.message}</Alert>}
      {data.length === 0 ? <Empty title="No PACS yet">A PACS that is entered here can be searched, and studies can be imported from it, within the hours that its team agrees to.</Empty> : (
        <Table.ScrollContainer minWidth={760}>
          <Table aria-label="PACS" verticalSpacing="sm">
            <Table.Thead><Table.Tr><Table.Th>Name</Table.Th><Table.Th>AE title</Table.Th><Table.Th>Address</Table.Th><Table.Th>Use</Table.Th><Table.Th>Is it there?</Table.Th><Table.Th aria-label="Actions" /></Table.Tr></Table.Thead>
            <Table.Tbody>
              {data.map((p) => (
                <Table.Tr key={p.id}>
                  <Table.Td><Anchor component="button" size="sm" onClick={() => setEdited(p)}>{p.label || p.aeTitle}</Anchor></Table.Td>
                  <Table.Td>{p.aeTitle}</Table.Td>
                  <Table.Td>{p.dicomWebEnabled ? p.dicomWebRootUrl : `${p.host}:${p.queryRetrievePort}`}</Table.Td>
                  <Table.Td>{p.queryable && p.enabled ? <Badge variant="light" color="teal">{p.defaultQueryRetrievePacs ? 'first choice' : 'may be asked'}</Badge> : <Badge variant="light" color="gray">not asked</Badge>}</Table.Td>
                  <Table.Td><Answer site={p} /></Table.Td>
                  <Table.Td>
                    <Group gap={4} wrap="nowrap">
                      <Button size="compact-xs" variant="subtle" aria-label={`Hours of ${p.label}`} aria-expanded={timed === p.id} onClick={() => setTimed(timed === p.id ? undefined : p.id)}>Hours</Button>
                      <Button
                        size="compact-xs" color="red" variant="subtle" aria-label={`Delete ${p.label}`}
                        onClick={() => void confirm({ title: `Delete PACS ${p.label}?`, text: 'Studies that are still to be fetched from it fail. What was fetched stays.', action: 'Delete' }).then((yes) => yes && remove.mutate(p.id!))}
                      >
                        Delete…
                      </Button>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {shown && <HoursPanel site={shown} />}
      <ImportRights />
      <PacsDialog site={edited} onClose={() => setEdited(undefined)} />
      {confirmation}
    </Stack>
  );
}
