import { Alert, Anchor, Badge, Button, Checkbox, Group, Modal, PasswordInput, Skeleton, Stack, Switch, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent } from 'react';
import { getJson, path, put, remove, sendJson } from '../../api/http';
import { DataTable, type Column } from '../../components/DataTable';
import { Failure } from '../../components/Failure';

interface Profile {
  id?: number;
  username: string;
  firstName: string;
  lastName: string;
  email: string;
  enabled: boolean;
  verified: boolean;
}

const nobody: Profile = { username: '', firstName: '', lastName: '', email: '', enabled: true, verified: true };

const siteRights = [
  { at: '/roles/Administrator', label: 'Administrator of the whole site' },
  { at: '/roles/Dqr', label: 'May ask PACS and import from them' },
  { at: '/groups/ALL_DATA_ACCESS', label: 'Reads the data of all projects' },
  { at: '/groups/ALL_DATA_ADMIN', label: 'Works with the data of all projects' },
];

// Roles and groups of an account, each as the end of its address.
async function rightsOf(login: string, signal: AbortSignal): Promise<string[]> {
  const [roles, groups] = await Promise.all([getJson<string[]>(path`/xapi/users/${login}/roles`, signal), getJson<string[]>(path`/xapi/users/${login}/groups`, signal)]);
  return [...roles.map((r) => `/roles/${r}`), ...groups.map((g) => `/groups/${g}`)];
}

function UserDialog({ user, onClose }: { user: Profile | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [fields, setFields] = useState<Profile>(nobody);
  const [password, setPassword] = useState('');
  const [granted, setGranted] = useState<string[]>([]);
  const isNew = user?.username === '';
  const stored = useQuery({ queryKey: ['roles', user?.username], queryFn: ({ signal }) => rightsOf(user!.username, signal), enabled: !!user && !isNew });
  useEffect(() => {
    setFields(user ?? nobody);
    setPassword('');
  }, [user]);
  const had = isNew ? undefined : stored.data;
  useEffect(() => setGranted(had ?? []), [had, user]);
  const saving = useMutation({
    mutationFn: async () => {
      const body = { ...fields, password: password || undefined };
      await (isNew ? sendJson('POST', '/xapi/users', body) : sendJson('PUT', path`/xapi/users/${fields.username}`, body));
      for (const { at } of siteRights) {
        if (granted.includes(at) === (had ?? []).includes(at)) continue;
        const address = path`/xapi/users/${fields.username}` + at;
        await (granted.includes(at) ? put(address) : remove(address));
      }
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['users'] });
      await client.invalidateQueries({ queryKey: ['roles'] });
      onClose();
    },
  });
  const text = (name: 'firstName' | 'lastName' | 'email' | 'username') => ({ value: fields[name], onChange: (e: { currentTarget: { value: string } }) => setFields({ ...fields, [name]: e.currentTarget.value }) });
  return (
    <Modal opened={!!user} onClose={onClose} title={isNew ? 'New user' : fields.username}>
      <form onSubmit={(e: FormEvent) => { e.preventDefault(); saving.mutate(); }}>
        <Stack>
          {saving.error && <Alert color="red" role="alert">{saving.error.message}</Alert>}
          {isNew && <TextInput label="User name" required data-autofocus {...text('username')} />}
          <Group grow><TextInput label="First name" required {...text('firstName')} /><TextInput label="Last name" required {...text('lastName')} /></Group>
          <TextInput label="E-mail" type="email" required {...text('email')} />
          <PasswordInput label={isNew ? 'Password' : 'New password'} description={isNew ? undefined : 'Left empty, it stays as it is.'} required={isNew} autoComplete="new-password" value={password} onChange={(e) => setPassword(e.currentTarget.value)} />
          <Switch label="May sign in" checked={fields.enabled} onChange={(e) => setFields({ ...fields, enabled: e.currentTarget.checked })} />
          <Checkbox.Group label="Rights on the whole site" value={granted} onChange={setGranted}>
            <Stack gap={6} mt={6}>{siteRights.map(({ at, label }) => <Checkbox key={at} value={at} label={label} />)}</Stack>
          </Checkbox.Group>
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>Cancel</Button><Button type="submit" loading={saving.isPending}>Save</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Everybody who has an account. */
export function Users() {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['users'], queryFn: ({ signal }) => getJson<Profile[]>('/xapi/users/profiles', signal) });
  const [edited, setEdited] = useState<Profile>();
  const columns: Column<Profile>[] = [
    { id: 'username', header: 'User name', value: (u) => u.username, cell: (u) => <Anchor component="button" size="sm" onClick={() => setEdited(u)}>{u.username}</Anchor> },
    { id: 'name', header: 'Name', value: (u) => `${u.firstName} ${u.lastName}` },
    { id: 'email', header: 'E-mail', value: (u) => u.email, width: '1.5fr' },
    { id: 'state', header: 'State', value: (u) => (u.enabled ? 'active' : 'locked out'), cell: (u) => <Badge variant="light" color={u.enabled ? 'teal' : 'gray'}>{u.enabled ? 'active' : 'may not sign in'}</Badge> },
  ];
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton h={300} />;
  return (
    <>
      <Group mb="sm"><Button onClick={() => setEdited(nobody)}>New user</Button></Group>
      <DataTable label="Users" rows={data} columns={columns} rowId={(u) => u.username} initialSort={[{ id: 'username', desc: false }]} />
      <UserDialog user={edited} onClose={() => setEdited(undefined)} />
    </>
  );
}
