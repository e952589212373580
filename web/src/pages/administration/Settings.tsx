import { Alert, Button, Group, NumberInput, Skeleton, Stack, Switch, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { getJson, sendJson } from '../../api/http';
import { Failure } from '../../components/Failure';

type Value = string | number | boolean;

const shown: { name: string; label: string; description?: string; kind: 'text' | 'number' | 'flag' }[] = [
  { name: 'siteId', label: 'Name of the site', description: 'Stands in accession numbers of new subjects and sessions.', kind: 'text' },
  { name: 'siteUrl', label: 'Address of the site', kind: 'text' },
  { name: 'adminEmail', label: 'E-mail of the administrator', kind: 'text' },
  { name: 'requireLogin', label: 'Only signed-in people see anything', kind: 'flag' },
  { name: 'uiAllowNonAdminProjectCreation', label: 'Everybody may make projects', kind: 'flag' },
  { name: 'securityAllowNonPrivateProjects', label: 'Projects may be protected or public', kind: 'flag' },
  { name: 'sessionTimeout', label: 'Sign out after', description: 'For example: 15 minutes', kind: 'text' },
  { name: 'sessionXmlRebuilderInterval', label: 'A session is complete after this many quiet minutes', kind: 'number' },
  { name: 'enableDicomReceiver', label: 'Receivers are switched on', kind: 'flag' },
  { name: 'preventCrossModalityMerge', label: 'Never join sessions of different kinds', kind: 'flag' },
];

/** The site's settings that people change; all others are there over REST. */
export function Settings() {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: ['siteConfig'], queryFn: ({ signal }) => getJson<Record<string, Value>>('/xapi/siteConfig', signal) });
  const [changed, setChanged] = useState<Record<string, Value>>({});
  const saving = useMutation({
    mutationFn: () => sendJson('POST', '/xapi/siteConfig', changed),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['siteConfig'] });
      setChanged({});
      notifications.show({ message: 'Saved', color: 'teal' });
    },
  });
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton h={300} />;
  const value = (name: string) => changed[name] ?? data[name] ?? '';
  const set = (name: string, to: Value) => setChanged({ ...changed, [name]: to });
  return (
    <Stack maw={560}>
      {saving.error && <Alert color="red" role="alert">{saving.error.message}</Alert>}
      {shown.map(({ name, label, description, kind }) =>
        kind === 'flag' ? <Switch key={name} label={label} checked={value(name) === true || value(name) === 'true'} onChange={(e) => set(name, e.currentTarget.checked)} />
        : kind === 'number' ? <NumberInput key={name} label={label} description={description} min={0} value={Number(value(name))} onChange={(v) => set(name, Number(v))} />
        : <TextInput key={name} label={label} description={description} value={String(value(name))} onChange={(e) => set(name, e.currentTarget.value)} />,
      )}
      <Group>
        <Button disabled={Object.keys(changed).length === 0} loading={saving.isPending} onClick={() => saving.mutate()}>Save</Button>
        <Button variant="default" disabled={Object.keys(changed).length === 0} onClick={() => setChanged({})}>Undo changes</Button>
      </Group>
    </Stack>
  );
}
