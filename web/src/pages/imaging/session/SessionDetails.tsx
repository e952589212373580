import { Alert, Button, Group, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { path, put, remove } from '../../../api/http';
import type { Item } from '../../../api/tables';
import type { Rights } from '../../../api/useRights';
import { useConfirmation } from '../../../components/Confirmation';
import { Fields } from '../../../components/Fields';
import { plainType } from '../../../words';

const shown: [string, string][] = [
  ['ID', 'Accession'], ['date', 'Date'], ['time', 'Time'], ['acquisition_site', 'Site'], ['scanner/manufacturer', 'Manufacturer'], ['scanner/model', 'Model'], ['scanner', 'Station'],
  ['fieldStrength', 'Field strength (T)'], ['age', 'Age'], ['dcmPatientName', 'Patient name in the images'], ['dcmPatientId', 'Patient ID in the images'], ['UID', 'Study Instance UID'],
];

/** What is known of a session, its name, and its end. */
export function SessionDetails({ session, project, address, rights }: { session: Item; project: string; address: string; rights: Rights }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [confirm, confirmation] = useConfirmation();
  const known = String(session.data_fields.label ?? '');
  const [label, setLabel] = useState(known);
  useEffect(() => setLabel(known), [known]);
  const naming = useMutation({
    mutationFn: () => put(address, new URLSearchParams({ label: label.trim() })),
    onSuccess: async () => {
      notifications.show({ message: 'Renamed', color: 'teal' });
      // To its new address first: whoever has gone on by the time all is read anew is not called back.
      void navigate(path`/projects/${project}/experiments/${label.trim()}/details`, { replace: true });
      await client.invalidateQueries();
    },
  });
  const ending = useMutation({
    mutationFn: () => remove(`${address}?removeFiles=true`),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['table'] });
      void navigate(path`/projects/${project}`);
    },
  });
  async function end() {
    if (await confirm({ title: `Delete session ${known}?`, text: 'All its scans, files and what was made from them are gone for good.', action: 'Delete the session' })) ending.mutate();
  }
  return (
    <Stack>
      {(naming.error ?? ending.error) && <Alert color="red" role="alert">{(naming.error ?? ending.error)!.message}</Alert>}
      <Fields label="Details" rows={[['Kind', plainType(session.meta['xsi:type'])], ...shown.map(([key, name]) => [name, session.data_fields[key]] as const)]} />
      {rights.canEdit && (
        <Group align="flex-end">
          <TextInput label="Label" value={label} onChange={(e) => setLabel(e.currentTarget.value)} w={300} />
          <Button variant="default" disabled={!label.trim() || label.trim() === known} loading={naming.isPending} onClick={() => naming.mutate()}>Rename</Button>
        </Group>
      )}
      {rights.canDelete && <Group><Button color="red" variant="light" loading={ending.isPending} onClick={() => void end()}>Delete the session…</Button></Group>}
      {confirmation}
    </Stack>
  );
}
