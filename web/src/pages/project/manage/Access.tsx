import { ActionIcon, Alert, Button, Group, Paper, Select, Skeleton, Stack, Table, TextInput, Title } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { getText, path, put, remove } from '../../../api/http';
import { table } from '../../../api/tables';
import { useConfirmation } from '../../../components/Confirmation';
import { Failure } from '../../../components/Failure';
import { plainMoment, roleOf } from '../../../words';

const roles = [
  { value: 'Owners', label: 'Owner: everything, and decides who else may' },
  { value: 'Members', label: 'Member: reads, adds and changes data' },
  { value: 'Collaborators', label: 'Collaborator: reads data' },
];

const levels = [
  { value: 'private', label: 'Private: only the people below' },
  { value: 'protected', label: 'Protected: everybody sees that it exists, not its data' },
  { value: 'public', label: 'Public: everybody may read its data' },
];

/** Who may do what in a project (R24). */
export function Access({ project }: { project: string }) {
  const client = useQueryClient();
  const members = useQuery({ queryKey: ['members', project], queryFn: ({ signal }) => table(path`/data/projects/${project}/users`, {}, signal) });
  const accessibility = useQuery({ queryKey: ['project', project, 'accessibility'], queryFn: ({ signal }) => getText(path`/data/projects/${project}/accessibility`, signal) });
  const invitations = useQuery({ queryKey: ['invitations', project], queryFn: ({ signal }) => table(path`/data/projects/${project}/pars`, {}, signal) });
  const [login, setLogin] = useState('');
  const [role, setRole] = useState('Members');
  const [confirm, confirmation] = useConfirmation();
  const change = useMutation({ mutationFn: (act: () => Promise<unknown>) => act(), onSettled: () => Promise.all([client.invalidateQueries({ queryKey: ['members', project] }), client.invalidateQueries({ queryKey: ['invitations', project] }), client.invalidateQueries({ queryKey: ['project', project, 'accessibility'] })]) });

  function add(event: FormEvent) {
    event.preventDefault();
    change.mutate(() => put(path`/data/projects/${project}/users/${role}/${login}`).then(() => setLogin('')));
  }

  async function leave(member: string, group: string) {
    if (await confirm({ title: `Take ${member} out of the project?`, text: 'They lose access at once.', action: 'Take out' })) {
      change.mutate(() => remove(path`/data/projects/${project}/users/${group}/${member}`));
    }
  }

  async function withdraw(id: string, email: string) {
    if (await confirm({ title: `Take back the invitation of ${email}?`, text: 'It can no longer be accepted then.', action: 'Take back' })) {
      change.mutate(() => remove(path`/data/projects/${project}/pars/${id}`));
    }
  }

  if (members.error) return <Failure error={members.error} retry={() => void members.refetch()} />;
  if (members.isPending) return <Skeleton h={200} />;
  return (
    <Stack>
      {change.error && <Alert color="red" role="alert">{change.error.message}</Alert>}
      <Select
        label="Who may see the project" data={levels} value={accessibility.data ?? null} allowDeselect={false} maw={480}
        onChange={(level) => level && change.mutate(() => put(path`/data/projects/${project}/accessibility/${level}`))}
      />
      <Title order={3} size="h5">People</Title>
      <Table.ScrollContainer minWidth={600}>
        <Table aria-label="Members" verticalSpacing="xs">
          <Table.Thead><Table.Tr><Table.Th>Name</Table.Th><Table.Th>User name</Table.Th><Table.Th>Role</Table.Th><Table.Th aria-label="Actions" /></Table.Tr></Table.Thead>
          <Table.Tbody>
            {members.data.map((m) => (
              <Table.Tr key={m.login}>
                <Table.Td>{m.firstname} {m.lastname}</Table.Td>
                <Table.Td>{m.login}</Table.Td>
                <Table.Td>
                  <Select
                    aria-label={`Role of ${m.login}`} data={roles} value={m.displayname ?? null} allowDeselect={false} w={360}
                    onChange={(next) => next && change.mutate(() => put(path`/data/projects/${project}/users/${next}/${m.login ?? ''}`))}
                  />
                </Table.Td>
                <Table.Td><ActionIcon variant="subtle" color="red" aria-label={`Take ${m.login} out`} onClick={() => void leave(m.login ?? '', m.displayname ?? '')}><IconTrash size={16} /></ActionIcon></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Paper withBorder p="md" component="form" onSubmit={(e: FormEvent<HTMLElement>) => add(e)}>
        <Group align="flex-end">
          <TextInput label="Add a person" placeholder="User name or e-mail address" description="Who has no account yet gets an invitation by e-mail" required value={login} onChange={(e) => setLogin(e.currentTarget.value)} />
          <Select label="Role" data={roles} value={role} onChange={(v) => setRole(v ?? 'Members')} allowDeselect={false} w={360} />
          <Button type="submit" loading={change.isPending}>Add</Button>
        </Group>
      </Paper>
      {(invitations.data?.length ?? 0) > 0 && (
        <>
          <Title order={3} size="h5">Invited, not answered yet</Title>
          <Table aria-label="Invitations" verticalSpacing="xs" maw={720}>
            <Table.Thead><Table.Tr><Table.Th>E-mail address</Table.Th><Table.Th>Role</Table.Th><Table.Th>Invited</Table.Th><Table.Th aria-label="Actions" /></Table.Tr></Table.Thead>
            <Table.Tbody>
              {invitations.data!.map((i) => (
                <Table.Tr key={i.par_id}>
                  <Table.Td>{i.email}</Table.Td>
                  <Table.Td>{roleOf(i.level ?? '')}</Table.Td>
                  <Table.Td>{plainMoment(i.create_date ?? '')}, by {i.create_user}</Table.Td>
                  <Table.Td><ActionIcon variant="subtle" color="red" aria-label={`Take back the invitation of ${i.email}`} onClick={() => void withdraw(i.par_id ?? '', i.email ?? '')}><IconTrash size={16} /></ActionIcon></Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </>
      )}
      {confirmation}
    </Stack>
  );
}
