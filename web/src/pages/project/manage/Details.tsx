import { Alert, Button, Divider, Group, Radio, Stack, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { getText, path, put } from '../../../api/http';
import { item } from '../../../api/tables';

const codes = [
  { value: '0', label: 'Wait in the prearchive until somebody archives it' },
  { value: '4', label: 'Archive by itself; what clashes waits' },
  { value: '5', label: 'Archive by itself; newer images replace those that are there' },
];

/** Title, people in charge, and what happens to arrivals. */
export function Details({ project }: { project: string }) {
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: ['project', project], queryFn: ({ signal }) => item(path`/data/projects/${project}`, signal) });
  const code = useQuery({ queryKey: ['project', project, 'prearchive_code'], queryFn: ({ signal }) => getText(path`/data/projects/${project}/prearchive_code`, signal) });
  const [fields, setFields] = useState<Record<string, string>>();
  useEffect(() => {
    if (!data) return;
    const pi = data.children.find((c) => c.field === 'PI')?.items[0]?.data_fields;
    setFields({
      name: String(data.data_fields.name ?? ''), description: String(data.data_fields.description ?? ''), keywords: String(data.data_fields.keywords ?? ''),
      pi_firstname: String(pi?.firstname ?? data.data_fields['PI/firstname'] ?? data.data_fields.pi_firstname ?? ''),
      pi_lastname: String(pi?.lastname ?? data.data_fields['PI/lastname'] ?? data.data_fields.pi_lastname ?? ''),
    });
  }, [data]);
  const saving = useMutation({
    mutationFn: () => put(path`/data/projects/${project}`, new URLSearchParams(fields)),
    onSuccess: async () => {
      notifications.show({ message: 'Saved', color: 'teal' });
      await client.invalidateQueries({ queryKey: ['project', project] });
      await client.invalidateQueries({ queryKey: ['table', '/data/projects'] });
    },
  });
  const arrivals = useMutation({
    mutationFn: (next: string) => put(path`/data/projects/${project}/prearchive_code/${next}`),
    onSettled: () => client.invalidateQueries({ queryKey: ['project', project, 'prearchive_code'] }),
  });

  if (!fields) return null;
  const field = (name: string) => ({ value: fields[name] ?? '', onChange: (e: { currentTarget: { value: string } }) => setFields({ ...fields, [name]: e.currentTarget.value }) });
  const error = saving.error ?? arrivals.error;
  return (
    <Stack maw={640}>
      {error && <Alert color="red" role="alert">{error.message}</Alert>}
      <TextInput label="Title" {...field('name')} />
      <Textarea label="Description" autosize minRows={2} {...field('description')} />
      <TextInput label="Keywords" {...field('keywords')} />
      <Group grow>
        <TextInput label="Principal investigator: first name" {...field('pi_firstname')} />
        <TextInput label="Last name" {...field('pi_lastname')} />
      </Group>
      <Group><Button loading={saving.isPending} onClick={() => saving.mutate()}>Save</Button></Group>
      <Divider my="sm" />
      <Radio.Group label="When a session has arrived" value={code.data ?? null} onChange={(v) => arrivals.mutate(v)}>
        <Stack gap={6} mt={6}>{codes.map((c) => <Radio key={c.value} value={c.value} label={c.label} />)}</Stack>
      </Radio.Group>
    </Stack>
  );
}
