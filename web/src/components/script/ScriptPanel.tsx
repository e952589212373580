import { Alert, Button, Group, Skeleton, Stack, Switch, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import { getJson, getText, put } from '../../api/http';
import { Failure } from '../Failure';

const ScriptEditor = lazy(() => import('./ScriptEditor').then((m) => ({ default: m.ScriptEditor })));

interface Properties {
  /** Address of the script, as `/xapi/anonymize/site`. */
  address: string;
  label: string;
  explanation: string;
  templates?: { label: string; load: () => Promise<string> }[];
  children?: (text: string) => ReactNode;
}

/** Reads, checks and keeps a script, and says whether it runs. */
export function ScriptPanel({ address, label, explanation, templates = [], children }: Properties) {
  const client = useQueryClient();
  const stored = useQuery({ queryKey: ['script', address], queryFn: ({ signal }) => getText(address, signal), staleTime: 0 });
  const enabled = useQuery({ queryKey: ['script', address, 'enabled'], queryFn: ({ signal }) => getJson<boolean>(`${address}/enabled`, signal) });
  const [text, setText] = useState<string>();
  useEffect(() => {
    if (stored.data !== undefined) setText((typed) => typed ?? stored.data);
  }, [stored.data]);
  const saving = useMutation({
    mutationFn: () => put(address, text, 'text/plain'),
    onSuccess: () => {
      notifications.show({ message: 'The script is saved and checked.', color: 'teal' });
      void client.invalidateQueries({ queryKey: ['script', address] });
    },
  });
  const switching = useMutation({
    mutationFn: (on: boolean) => put(`${address}/enabled?enable=${on}`),
    onSettled: () => client.invalidateQueries({ queryKey: ['script', address, 'enabled'] }),
  });
  if (stored.error) return <Failure error={stored.error} retry={() => void stored.refetch()} />;
  if (text === undefined) return <Skeleton h={300} />;
  const isChanged = text !== stored.data;
  return (
    <Stack>
      <Group justify="space-between">
        <Text size="sm" c="dimmed" maw={640}>{explanation}</Text>
        <Switch label="Script runs" checked={enabled.data ?? false} onChange={(e) => switching.mutate(e.currentTarget.checked)} />
      </Group>
      {(saving.error ?? switching.error) && <Alert color="red" role="alert" title="The script was not kept">{(saving.error ?? switching.error)!.message}</Alert>}
      <Suspense fallback={<Skeleton h={260} />}>
        <ScriptEditor label={label} value={text} onChange={(next) => { setText(next); saving.reset(); }} problem={saving.error?.message} />
      </Suspense>
      <Group>
        <Button disabled={!isChanged} loading={saving.isPending} onClick={() => saving.mutate()}>Check and save</Button>
        <Button variant="default" disabled={!isChanged} onClick={() => setText(stored.data)}>Undo changes</Button>
        {templates.map((template) => <Button key={template.label} variant="subtle" onClick={() => void template.load().then(setText)}>{template.label}</Button>)}
      </Group>
      {children?.(text)}
    </Stack>
  );
}
