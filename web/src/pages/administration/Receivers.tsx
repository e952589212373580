import { Alert, Anchor, Badge, Button, Group, Modal, NumberInput, Skeleton, Stack, Switch, Table, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent } from 'react';
import { getJson, path, put, remove, sendJson } from '../../api/http';
import { useConfirmation } from '../../components/Confirmation';
import { Failure } from '../../components/Failure';

interface Receiver {
  id?: number;
  aeTitle: string;
  port: number;
  enabled: boolean;
  identifier: string;
  anonymizationEnabled: boolean;
  directArchive: boolean;
  /** Left out where it is false. */
  tls?: boolean;
  whitelistEnabled: boolean;
  whitelist: string[];
  routingExpressionsEnabled: boolean;
  projectRoutingExpression?: string | null;
  subjectRoutingExpression?: string | null;
  sessionRoutingExpression?: string | null;
}

const fresh: Receiver = {
  aeTitle: '', port: 8104, enabled: true, identifier: 'dicomObjectIdentifier', anonymizationEnabled: true, directArchive: false, tls: false, whitelistEnabled: false, whitelist: [], routingExpressionsEnabled: false,
};

function ReceiverDialog({ receiver, onClose }: { receiver: Receiver | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [fields, setFields] = useState<Receiver>(fresh);
  useEffect(() => setFields(receiver ?? fresh), [receiver]);
  const isNew = fields.id === undefined;
  const saving = useMutation({
    mutationFn: () => (isNew ? sendJson('POST', '/xapi/dicomscp', fields) : sendJson('PUT', path`/xapi/dicomscp/${fields.id!}`, fields)),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['receivers'] });
      onClose();
    },
  });
  const flag = (name: 'anonymizationEnabled' | 'directArchive' | 'tls' | 'whitelistEnabled' | 'routingExpressionsEnabled') => ({ checked: fields[name] ?? false, onChange: (e: { currentTarget: { checked: boolean } }) => setFields({ ...fields, [name]: e.currentTarget.checked }) });
  const expression = (name: 'projectRoutingExpression' | 'subjectRoutingExpression' | 'sessionRoutingExpression') => ({ value: fields[name] ?? '', onChange: (e: { currentTarget: { value: string } }) => setFields({ ...fields, [name]: e.currentTarget.value || null }) });
  return (
    <Modal opened={!!receiver} onClose={onClose} title={isNew ? 'New receiver' : `${fields.aeTitle}:${fields.port}`} size="lg">
      <form onSubmit={(e: FormEvent) => { e.preventDefault(); saving.mutate(); }}>
        <Stack>
          {saving.error && <Alert color="red" role="alert">{saving.error.message}</Alert>}
          <Group grow>
            <TextInput label="AE title" required maxLength={16} value={fields.aeTitle} onChange={(e) => setFields({ ...fields, aeTitle: e.currentTarget.value })} />
            <NumberInput label="Port" required min={1} max={65535} value={fields.port} onChange={(v) => setFields({ ...fields, port: Number(v) })} />
          </Group>
          <Switch label="De-identify what comes here" description="Switched off, neither the site’s nor the project’s script runs on it." {...flag('anonymizationEnabled')} />
          <Switch label="Straight into the archive" description="Without a stay in the prearchive." {...flag('directArchive')} />
          <Switch label="TLS" description="The port takes encrypted connections only. The server needs a certificate in its configuration." {...flag('tls')} />
          <Switch label="Only known senders" {...flag('whitelistEnabled')} />
          {fields.whitelistEnabled && (
            <Textarea label="Known senders" description="One a line: AE title, address, or AE@address." autosize minRows={2} value={fields.whitelist.join('\n')} onChange={(e) => setFields({ ...fields, whitelist: e.currentTarget.value.split('\n') })} />
          )}
          <Switch label="Own routing rules" {...flag('routingExpressionsEnabled')} />
          {fields.routingExpressionsEnabled && (
            <>
              <TextInput label="Project" placeholder="(0008,1030):Project:(\w+):1" {...expression('projectRoutingExpression')} />
              <TextInput label="Subject" {...expression('subjectRoutingExpression')} />
              <TextInput label="Session" {...expression('sessionRoutingExpression')} />
            </>
          )}
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>Cancel</Button><Button type="submit" loading={saving.isPending}>Save</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Where scanners and PACS send to; changes take effect at once, others keep receiving (R1). */
export function Receivers() {
  const client = useQueryClient();
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['receivers'], queryFn: ({ signal }) => getJson<Receiver[]>('/xapi/dicomscp', signal) });
  const [edited, setEdited] = useState<Receiver>();
  const [confirm, confirmation] = useConfirmation();
  const change = useMutation({ mutationFn: (act: () => Promise<unknown>) => act(), onSettled: () => client.invalidateQueries({ queryKey: ['receivers'] }) });
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton h={200} />;
  return (
    <Stack>
      <Group><Button onClick={() => setEdited(fresh)}>New receiver</Button></Group>
      {change.error && <Alert color="red" role="alert">{change.error.message}</Alert>}
      <Table.ScrollContainer minWidth={640}>
        <Table aria-label="Receivers" verticalSpacing="sm">
          <Table.Thead><Table.Tr><Table.Th>AE title</Table.Th><Table.Th>Port</Table.Th><Table.Th>De-identifies</Table.Th><Table.Th>Receives</Table.Th><Table.Th aria-label="Actions" /></Table.Tr></Table.Thead>
          <Table.Tbody>
            {data.map((r) => (
              <Table.Tr key={r.id}>
                <Table.Td><Anchor component="button" size="sm" onClick={() => setEdited(r)}>{r.aeTitle}</Anchor></Table.Td>
                <Table.Td>{r.port}</Table.Td>
                <Table.Td><Badge variant="light" color={r.anonymizationEnabled ? 'teal' : 'red'}>{r.anonymizationEnabled ? 'yes' : 'no'}</Badge></Table.Td>
                <Table.Td><Switch aria-label={`${r.aeTitle} receives`} checked={r.enabled} onChange={(e) => { const on = e.currentTarget.checked; change.mutate(() => put(path`/xapi/dicomscp/${r.id!}/enabled/${String(on)}`)); }} /></Table.Td>
                <Table.Td>
                  <Button size="compact-xs" color="red" variant="subtle" onClick={() => void confirm({ title: `Delete receiver ${r.aeTitle}?`, text: 'Senders that use it are refused from then on.', action: 'Delete' }).then((yes) => yes && change.mutate(() => remove(path`/xapi/dicomscp/${r.id!}`)))}>Delete…</Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <ReceiverDialog receiver={edited} onClose={() => setEdited(undefined)} />
      {confirmation}
    </Stack>
  );
}
