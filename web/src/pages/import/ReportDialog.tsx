import { Modal, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { importReport, type ImportReport, type ImportRequest } from '../../api/dqr';
import { Failure } from '../../components/Failure';
import { importsKey } from './keys';

const leftOut: [keyof ImportReport, string][] = [
  ['filtered', 'kept out by a series filter'], ['optedOut', 'of a patient who opted out'], ['quarantined', 'in quarantine, since a script failed'], ['conflicts', 'not stored, since another image has their place'], ['rejected', 'refused'],
];

function Words({ report }: { report: ImportReport }) {
  const others = leftOut.filter(([key]) => Number(report[key]) > 0);
  return (
    <Stack gap={4}>
      <Text size="sm">{report.arrived} of {report.expected ?? 'an unknown number of'} images arrived{report.rounds > 1 ? ` in ${report.rounds} rounds` : ''}; {report.stored} are stored.</Text>
      {others.map(([key, words]) => <Text size="sm" key={key}>{Number(report[key])} {words}.</Text>)}
    </Stack>
  );
}

/** What arrived of a study compared with what the PACS said it has (R6). */
export function ReportDialog({ request, onClose }: { request: ImportRequest | undefined; onClose: () => void }) {
  const { data, error, isPending } = useQuery({ queryKey: [...importsKey, 'report', request?.id], queryFn: ({ signal }) => importReport(request!.id, signal), enabled: !!request });
  return (
    <Modal opened={!!request} onClose={onClose} title={`What arrived: ${request?.experimentLabel ?? ''}`} size="lg">
      {error ? <Failure error={error} /> : isPending ? <Skeleton h={140} /> : !data ? <Text size="sm">{request?.errorMessage ?? 'Nothing was retrieved, so there is nothing to compare.'}</Text> : (
        <Stack>
          <Words report={data} />
          <Table aria-label="Series that were compared">
            <Table.Thead><Table.Tr><Table.Th>Series</Table.Th><Table.Th>Kind</Table.Th><Table.Th>At the PACS</Table.Th><Table.Th>Arrived</Table.Th><Table.Th>Missing</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {data.series.map((s, i) => (
                <Table.Tr key={i}>
                  <Table.Td>{s.number}</Table.Td><Table.Td>{s.modality}</Table.Td><Table.Td>{s.expected ?? 'not said'}</Table.Td><Table.Td>{s.arrived}</Table.Td>
                  <Table.Td>{s.missing.length === 0 ? 'nothing' : <Text size="xs" style={{ overflowWrap: 'anywhere' }} title={s.missing.join('\n')}>{s.missing.slice(0, 5).join(', ')}{s.missing.length > 5 ? ` and ${s.missing.length - 5} more` : ''}</Text>}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Stack>
      )}
    </Modal>
  );
}
