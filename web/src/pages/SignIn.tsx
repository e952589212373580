import { Alert, Button, Center, Group, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import { useState, type FormEvent } from 'react';
import { useSession } from '../session/session';

export function SignIn() {
  useDocumentTitle('Sign in · Vesalius');
  const { signIn } = useSession();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setIsBusy(true);
    setProblem(undefined);
    try {
      await signIn(login, password);
    } catch (e) {
      setProblem(e instanceof Error ? e.message : 'Signing in did not work.');
    } finally {
      setIsBusy(false);
    }
  }

  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder shadow="sm" p="xl" radius="md" w={380} component="form" onSubmit={(e: FormEvent<HTMLElement>) => void submit(e)}>
        <Stack>
          <Group gap="sm">
            <img src="/site/mark.svg" alt="" width={36} height={36} />
            <Title order={1} size="h2">
              Vesalius
            </Title>
          </Group>
          <Text c="dimmed" size="sm">
            Research imaging archive
          </Text>
          {problem && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          <TextInput label="User name" name="username" autoComplete="username" required autoFocus value={login} onChange={(e) => setLogin(e.currentTarget.value)} />
          <PasswordInput label="Password" name="password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.currentTarget.value)} />
          <Button type="submit" loading={isBusy}>
            Sign in
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
