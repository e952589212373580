import { Alert, Badge, Button, Group, Paper, Skeleton, Stack, Switch, Table, Text, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, path, sendJson } from '../../api/http';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { useSiteSettings } from './useSiteSettings';

interface Account {
  username: string;
  firstName: string;
  lastName: string;
  email: string;
  enabled: boolean;
  verified: boolean;
  lastSuccessfulLogin: number | null;
}

// Never let in yet: whoever was once, and is not any more, was locked out by somebody.
const isWaiting = (a: Account) => !a.enabled && a.lastSuccessfulLogin === null && a.username !== 'guest';

/** People who asked for an account, and whether people may (R23). */
export function Registrations() {
  const client = useQueryClient();
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['users'], queryFn: ({ signal }) => getJson<Account[]>('/xapi/users/profiles', signal), staleTime: 0 });
  const settings = useSiteSettings();
  const approve = useMutation({
    mutationFn: (account: Account) => sendJson('PUT', path`/xapi/users/${account.username}`, { enabled: true, verified: true }),
    onSuccess: (_, account) => notifications.show({ message: `${account.username} may sign in now.`, color: 'teal' }),
    onSettled: () => client.invalidateQueries({ queryKey: ['users'] }),
  });
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton h={200} />;
  const waiting = data.filter(isWaiting);
  return (
    <Stack>
      {(approve.error ?? settings.error) && <Alert color="red" role="alert">{(approve.error ?? settings.error)!.message}</Alert>}
      {waiting.length === 0 ? <Empty title="Nobody waits for an account">People who ask for one on the sign-in page appear here.</Empty> : (
        <Table aria-label="Registrations" verticalSpacing="sm">
          <Table.Thead><Table.Tr><Table.Th>Name</Table.Th><Table.Th>User name</Table.Th><Table.Th>E-mail</Table.Th><Table.Th aria-label="Actions" /></Table.Tr></Table.Thead>
          <Table.Tbody>
            {waiting.map((a) => (
              <Table.Tr key={a.username}>
                <Table.Td>{a.firstName} {a.lastName}</Table.Td>
                <Table.Td>{a.username}</Table.Td>
                <Table.Td><Group gap="xs">{a.email}<Badge variant="light" color={a.verified ? 'teal' : 'orange'}>{a.verified ? 'confirmed' : 'not confirmed'}</Badge></Group></Table.Td>
                <Table.Td><Button size="compact-sm" loading={approve.isPending} onClick={() => approve.mutate(a)} aria-label={`Let in ${a.username}`}>Let in</Button></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <Paper withBorder p="md">
        <Title order={3} size="h5" mb="sm">Who may ask</Title>
        <Stack gap="sm">
          <Switch label="Everybody may ask for an account" {...settings.flag('userRegistration')} />
          <Switch label="An administrator has to let each in" {...settings.flag('userRegistrationApproval')} />
          <Switch label="The e-mail address has to be confirmed" {...settings.flag('emailVerification')} />
        </Stack>
        <Text size="xs" c="dimmed" mt="sm">Accounts of the hospital’s own directory are set up in the server’s configuration file.</Text>
      </Paper>
    </Stack>
  );
}
