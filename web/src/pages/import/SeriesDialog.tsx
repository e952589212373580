import { Button, Checkbox, Group, Modal, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { seriesOf, type Study } from '../../api/dqr';
import { Failure } from '../../components/Failure';

interface Properties {
  pacsId: number;
  study: Study | undefined;
  /** Series that were chosen; undefined for all of the study. */
  chosen: string[] | undefined;
  onChoose: (series: string[] | undefined) => void;
  onClose: () => void;
}

/** The series of one study, asked for when somebody wants to see them; some of them may be chosen. */
export function SeriesDialog({ pacsId, study, chosen, onChoose, onClose }: Properties) {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['series', pacsId, study?.studyInstanceUid], queryFn: () => seriesOf(pacsId, study!.studyInstanceUid), enabled: !!study });
  const all = (data ?? []).map((s) => s.seriesInstanceUid);
  const isChosen = (uid: string) => chosen === undefined || chosen.includes(uid);
  const set = (uid: string, on: boolean) => {
    const next = all.filter((s) => (s === uid ? on : isChosen(s)));
    onChoose(next.length === all.length ? undefined : next);
  };
  return (
    <Modal opened={!!study} onClose={onClose} title={study?.studyDescription || 'Series of the study'} size="lg">
      {error ? <Failure error={error} retry={() => void refetch()} /> : isPending ? <Skeleton h={160} /> : (
        <Stack>
          <Table aria-label="Series">
            <Table.Thead>
              <Table.Tr>
                <Table.Th w={36}><Checkbox size="xs" aria-label="Import all series" checked={chosen === undefined} indeterminate={chosen !== undefined && chosen.length > 0} onChange={(e) => onChoose(e.currentTarget.checked ? undefined : [])} /></Table.Th>
                <Table.Th>Number</Table.Th><Table.Th>Series</Table.Th><Table.Th>Kind</Table.Th><Table.Th>Images</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.map((s) => (
                <Table.Tr key={s.seriesInstanceUid}>
                  <Table.Td><Checkbox size="xs" aria-label={`Import series ${s.seriesNumber}`} checked={isChosen(s.seriesInstanceUid)} onChange={(e) => set(s.seriesInstanceUid, e.currentTarget.checked)} /></Table.Td>
                  <Table.Td>{s.seriesNumber}</Table.Td><Table.Td>{s.seriesDescription}</Table.Td><Table.Td>{s.modality}</Table.Td><Table.Td>{s.numberOfRelatedInstances ?? ''}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          <Group justify="space-between">
            <Text size="sm" c="dimmed">{chosen === undefined ? 'All series are imported.' : chosen.length === 0 ? 'No series is chosen: the study is left out.' : `${chosen.length} of ${all.length} series are imported.`}</Text>
            <Button onClick={onClose}>Done</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
