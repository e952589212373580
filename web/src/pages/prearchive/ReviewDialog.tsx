import { Alert, Button, Group, List, Modal, Radio, Skeleton, Stack, Table, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { ArchiveChoice, PrearchiveSession } from '../../api/prearchive';
import { table } from '../../api/tables';
import { ProjectSelect } from '../../components/ProjectSelect';
import { plainSize, plainType } from '../../words';
import { stateOf } from './words';

/** Shows what a session holds, what is wrong with it, and asks under which labels it goes into the archive. */
export function ReviewDialog({ session, onClose, onArchive }: { session: PrearchiveSession | undefined; onClose: () => void; onArchive: (choice: ArchiveChoice) => void }) {
  const [project, setProject] = useState<string | null>(null);
  const [subject, setSubject] = useState('');
  const [label, setLabel] = useState('');
  const [overwrite, setOverwrite] = useState<'none' | 'append' | 'delete'>('none');
  useEffect(() => {
    if (!session) return;
    setProject(session.project === 'Unassigned' ? null : session.project);
    setSubject(session.subject);
    setLabel(session.label);
    setOverwrite('none');
  }, [session]);
  const address = `/data${session?.url}`;
  const scans = useQuery({ queryKey: ['prearchive', session?.url, 'scans'], queryFn: ({ signal }) => table(`${address}/scans`, {}, signal), enabled: !!session });
  const resources = useQuery({ queryKey: ['prearchive', session?.url, 'resources'], queryFn: ({ signal }) => table(`${address}/resources`, {}, signal), enabled: !!session });
  const log = useQuery({ queryKey: ['prearchive', session?.url, 'log'], queryFn: ({ signal }) => table(`${address}/logs`, {}, signal), enabled: !!session });
  const ofScan = (id: string) => resources.data?.filter((r) => r.cat_id === id) ?? [];
  const sum = (id: string, column: string) => ofScan(id).reduce((total, r) => total + Number(r[column] || 0), 0);
  const isConflict = session?.status.includes('CONFLICT');
  return (
    <Modal opened={!!session} onClose={onClose} title={`Review ${session?.label ?? ''}`} size="xl">
      {session && (
        <Stack>
          {session.problem && <Alert color={stateOf(session.status).colour} title={stateOf(session.status).meaning}>{session.problem}</Alert>}
          {scans.isPending ? <Skeleton h={120} /> : (
            <Table.ScrollContainer minWidth={500} mah={260}>
              <Table stickyHeader aria-label="Scans in the session">
                <Table.Thead>
                  <Table.Tr><Table.Th>Scan</Table.Th><Table.Th>Series</Table.Th><Table.Th>Kind</Table.Th><Table.Th>Images</Table.Th><Table.Th>Size</Table.Th></Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {scans.data?.map((scan) => (
                    <Table.Tr key={scan.ID}>
                      <Table.Td>{scan.ID}</Table.Td><Table.Td>{scan.series_description}</Table.Td><Table.Td>{plainType(scan.xsiType ?? '')}</Table.Td>
                      <Table.Td>{sum(scan.ID ?? '', 'file_count')}</Table.Td><Table.Td>{plainSize(sum(scan.ID ?? '', 'file_size'))}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
          <Group grow align="flex-start">
            <ProjectSelect value={project} onChange={setProject} required />
            <TextInput label="Subject" required value={subject} onChange={(e) => setSubject(e.currentTarget.value)} />
            <TextInput label="Session" required value={label} onChange={(e) => setLabel(e.currentTarget.value)} />
          </Group>
          <Radio.Group label="If the archive has a session of this label already" value={overwrite} onChange={(v) => setOverwrite(v as typeof overwrite)}>
            <Stack gap={4} mt={4}>
              <Radio value="none" label="Do nothing and say so" />
              <Radio value="append" label="Add new scans and images to it" />
              <Radio value="delete" label="Add, and replace images that are there already" />
            </Stack>
          </Radio.Group>
          {isConflict && overwrite === 'none' && <Text size="sm" c="dimmed">Choose another label, or how to join the two.</Text>}
          {(log.data?.length ?? 0) > 0 && (
            <details>
              <summary>What happened so far</summary>
              <List size="sm" mt="xs">{log.data!.map((entry, i) => <List.Item key={i}>{entry.entry}</List.Item>)}</List>
            </details>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Close</Button>
            <Button disabled={!project || !subject || !label} onClick={() => { onArchive({ project: project!, subject, session: label, overwrite }); onClose(); }}>Archive</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
