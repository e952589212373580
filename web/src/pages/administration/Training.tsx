import { Alert, Badge, Button, Group, Modal, NumberInput, Paper, Select, Skeleton, Stack, Switch, Text, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { getJson, path, remove, sendJson } from '../../api/http';
import { useConfirmation } from '../../components/Confirmation';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { useSiteSettings } from './useSiteSettings';

interface TrainingRecord {
  id: number;
  login: string;
  course: string;
  completed: string;
  score: number;
  passMark: number;
  expires: string;
  valid: boolean;
  recordedBy: string;
}

const fresh = { login: '', course: '', completed: '', score: 100 };

function RecordDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const [fields, setFields] = useState(fresh);
  const users = useQuery({ queryKey: ['users', 'names'], queryFn: ({ signal }) => getJson<string[]>('/xapi/users', signal), enabled: opened });
  const saving = useMutation({
    mutationFn: () => sendJson('POST', path`/xapi/users/${fields.login}/training`, { course: fields.course, completed: fields.completed, score: fields.score }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['training'] });
      setFields(fresh);
      onClose();
    },
  });
  return (
    <Modal opened={opened} onClose={onClose} title="Record a training">
      <form onSubmit={(e: FormEvent) => { e.preventDefault(); saving.mutate(); }}>
        <Stack>
          {saving.error && <Alert color="red" role="alert">{saving.error.message}</Alert>}
          <Select label="User" data={(users.data ?? []).filter((u) => u !== 'guest')} value={fields.login || null} onChange={(v) => setFields({ ...fields, login: v ?? '' })} searchable required />
          <TextInput label="Course" required value={fields.course} onChange={(e) => setFields({ ...fields, course: e.currentTarget.value })} />
          <Group grow>
            <TextInput label="Completed on" type="date" required value={fields.completed} onChange={(e) => setFields({ ...fields, completed: e.currentTarget.value })} />
            <NumberInput label="Score" required min={0} value={fields.score} onChange={(v) => setFields({ ...fields, score: Number(v) || 0 })} />
          </Group>
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>Cancel</Button><Button type="submit" disabled={!fields.login} loading={saving.isPending}>Save</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Rule() {
  const settings = useSiteSettings();
  const [mark, setMark] = useState<number>();
  const [validity, setValidity] = useState<string>();
  if (settings.error && !settings.values) return <Failure error={settings.error} />;
  if (!settings.values) return <Skeleton h={120} />;
  const isChanged = mark !== undefined || validity !== undefined;
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        {settings.error && <Alert color="red" role="alert">{settings.error.message}</Alert>}
        <Switch label="Only trained people open data" description="An account without a valid record sees no data, administrators included; they can still run the site." {...settings.flag('trainingRequired')} />
        <Group align="flex-end">
          <NumberInput label="Pass mark" min={0} value={mark ?? Number(settings.values.trainingPassMark)} onChange={(v) => setMark(Number(v) || 0)} w={120} />
          <TextInput label="Valid for" value={validity ?? String(settings.values.trainingValidity)} onChange={(e) => setValidity(e.currentTarget.value)} w={160} />
          <Button
            variant="default" disabled={!isChanged} loading={settings.isSaving}
            onClick={() => void settings.save({ ...(mark === undefined ? {} : { trainingPassMark: mark }), ...(validity === undefined ? {} : { trainingValidity: validity }) }).then(() => { setMark(undefined); setValidity(undefined); }, () => undefined)}
          >
            Save
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}

/** Who was trained and until when, and whether data needs it (R25). */
export function Training() {
  const client = useQueryClient();
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['training'], queryFn: ({ signal }) => getJson<TrainingRecord[]>('/xapi/training', signal) });
  const [isAdding, setIsAdding] = useState(false);
  const [confirm, confirmation] = useConfirmation();
  const removing = useMutation({
    mutationFn: async (them: TrainingRecord[]) => {
      for (const r of them) await remove(path`/xapi/users/${r.login}/training/${r.id}`);
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['training'] }),
  });
  const columns: Column<TrainingRecord>[] = [
    { id: 'login', header: 'User', value: (r) => r.login },
    { id: 'course', header: 'Course', value: (r) => r.course, width: '1.5fr' },
    { id: 'completed', header: 'Completed', value: (r) => r.completed, width: '110px' },
    { id: 'score', header: 'Score', value: (r) => r.score, width: '80px' },
    { id: 'expires', header: 'Valid until', value: (r) => r.expires, width: '110px' },
    { id: 'valid', header: 'State', value: (r) => (r.valid ? 'valid' : 'not valid'), width: '110px', cell: (r) => <Badge variant="light" color={r.valid ? 'teal' : 'red'}>{r.valid ? 'valid' : r.score < r.passMark ? 'not passed' : 'expired'}</Badge> },
    { id: 'by', header: 'Recorded by', value: (r) => r.recordedBy },
  ];
  return (
    <Stack>
      <Rule />
      <Group justify="space-between">
        <Button onClick={() => setIsAdding(true)}>Record a training</Button>
        <Button size="xs" variant="default" component="a" href="/xapi/training?format=csv" leftSection={<IconDownload size={14} />}>All as CSV</Button>
      </Group>
      {removing.error && <Failure error={removing.error} />}
      {error ? <Failure error={error} retry={() => void refetch()} /> : isPending ? <Skeleton h={160} /> : data.length === 0 ? <Empty title="No training is recorded yet"><Text size="sm" span>Record who passed which course; with the rule on, only they open data.</Text></Empty> : (
        <DataTable
          label="Trainings" rows={data} columns={columns} rowId={(r) => String(r.id)} height="45vh"
          actions={(them, clear) => (
            <Button size="xs" color="red" variant="light" onClick={() => void confirm({ title: `Delete ${them.length === 1 ? 'this record' : `${them.length} records`}?`, text: 'Whoever has no other valid record opens no data while the rule is on.', action: 'Delete' }).then((yes) => { if (yes) { removing.mutate(them); clear(); } })}>Delete…</Button>
          )}
        />
      )}
      <RecordDialog opened={isAdding} onClose={() => setIsAdding(false)} />
      {confirmation}
    </Stack>
  );
}
