import { Alert, Code, Modal, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { inspect, type Inspection, type Quarantined } from '../../api/quarantine';
import { DataTable, type Column } from '../DataTable';
import { Failure } from '../Failure';

type Attribute = Inspection['attributes'][number];

const columns: Column<Attribute>[] = [
  { id: 'path', header: 'Tag', value: (a) => a.path, width: '1.5fr', cell: (a) => <code title={a.path}>{a.path}</code> },
  { id: 'name', header: 'Attribute', value: (a) => a.name, width: '1.5fr' },
  { id: 'vr', header: 'VR', value: (a) => a.vr, width: '90px' },
  { id: 'kind', header: 'Holds', value: (a) => (a.items === null ? a.kind : `${a.items} items`) },
  { id: 'pattern', header: 'Shape', value: (a) => a.pattern ?? '', cell: (a) => <code>{a.pattern}</code> },
  { id: 'length', header: 'Bytes', value: (a) => a.length, width: '90px' },
];

/** What an object in quarantine is made of, so that a script can be mended; its values stay encrypted. */
export function InspectDialog({ object, onClose }: { object: Quarantined | undefined; onClose: () => void }) {
  const { data, error, isPending } = useQuery({ queryKey: ['quarantine', 'inspect', object?.id], queryFn: ({ signal }) => inspect(object!.id, signal), enabled: !!object });
  return (
    <Modal opened={!!object} onClose={onClose} title="An image in quarantine" size={1000}>
      <Stack>
        {object?.statement && <div><Text size="sm" mb={4}>Failed at line {object.line}:</Text><Code block>{object.statement}</Code></div>}
        <Alert color="orange">{object?.reason}</Alert>
        {error ? <Failure error={error} /> : isPending ? <Skeleton h={300} /> : (
          <>
            <DataTable label="What it is made of" rows={data.attributes} columns={columns} rowId={(a) => a.path} height="45vh" />
            <Text size="xs" c="dimmed">Values are not shown: 9 stands for a digit, A for a letter. {data.truncated && 'There are more attributes than are shown. '}Looking is recorded.</Text>
          </>
        )}
      </Stack>
    </Modal>
  );
}
