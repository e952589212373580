import { Alert, Button, Group, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useNavigate } from 'react-router';
import { path, sendJson } from '../../../api/http';

/** Deletes a project with everything of it, and proves it (R22). */
export function EndOfProject({ project }: { project: string }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const [reason, setReason] = useState('');
  const ending = useMutation({
    mutationFn: () => sendJson('POST', path`/xapi/projects/${project}/end`, { confirm: typed, reason: reason.trim() }),
    onSuccess: async () => {
      await client.invalidateQueries();
      void navigate('/ended');
    },
  });
  return (
    <form onSubmit={(e: FormEvent) => { e.preventDefault(); ending.mutate(); }}>
      <Stack maw={640}>
        <Text size="sm">
          All subjects, sessions, files, scripts, members and what waits in the prearchive are deleted for good, and who is who with them. What is left is a report of what was deleted, which proves it, and
          the ID, which is never used again. Sessions that other projects were only shown disappear there too.
        </Text>
        {ending.error && <Alert color="red" role="alert">{ending.error.message}</Alert>}
        <Textarea label="Reason" description="Stands in the report" maxLength={500} autosize minRows={2} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
        <TextInput label={`Type ${project} to confirm`} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} autoComplete="off" />
        <Group><Button type="submit" color="red" disabled={typed !== project} loading={ending.isPending}>End the project</Button></Group>
      </Stack>
    </form>
  );
}
