import { Alert, Button, Group, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { path, put } from '../api/http';
import { table } from '../api/tables';
import { roleOf } from '../words';

/** Projects that the person was invited into and has not answered yet (R24). */
export function Invited() {
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: ['invitations'], queryFn: ({ signal }) => table('/data/pars', {}, signal) });
  const answer = useMutation({
    mutationFn: ({ id, word }: { id: string; word: 'accept' | 'decline' }) => put(`${path`/data/pars/${id}`}?${word}`),
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <>
      {answer.error && <Alert color="red" role="alert" mb="md">{answer.error.message}</Alert>}
      {data?.map((i) => (
        <Alert key={i.par_id} color="blue" mb="md" title={`You are invited to project ${i.proj_id}`}>
          <Group justify="space-between">
            <Text size="sm">{i.create_user} invites you as {roleOf(i.level ?? '').toLowerCase()}.</Text>
            <Group gap="xs">
              <Button size="xs" loading={answer.isPending} onClick={() => answer.mutate({ id: i.par_id ?? '', word: 'accept' })} aria-label={`Join ${i.proj_id}`}>Join</Button>
              <Button size="xs" variant="default" disabled={answer.isPending} onClick={() => answer.mutate({ id: i.par_id ?? '', word: 'decline' })} aria-label={`Decline ${i.proj_id}`}>Decline</Button>
            </Group>
          </Group>
        </Alert>
      ))}
    </>
  );
}
