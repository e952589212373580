import { Alert, Badge, Button, FileButton, Group, Image, List, Paper, SegmentedControl, Select, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { at } from '../../api/at';
import { table } from '../../api/tables';
import { tryScript, type Trial, type TriedAttribute, type TriedObject } from '../../api/tryOut';
import { DataTable, type Column } from '../DataTable';

const changes: Record<TriedAttribute['change'], { word: string; colour: string }> = {
  kept: { word: 'kept', colour: 'gray' }, changed: { word: 'changed', colour: 'blue' }, removed: { word: 'removed', colour: 'red' }, added: { word: 'added', colour: 'teal' },
};

const outcomes: Record<TriedObject['outcome'], { word: string; colour: string }> = {
  passed: { word: 'passes', colour: 'teal' }, rejected: { word: 'is rejected', colour: 'orange' }, quarantined: { word: 'goes to quarantine', colour: 'red' },
};

const causes: Record<string, string> = { pixels: 'pixel rule', residual: 'check for identifiers' };

const byWhat = (a: TriedAttribute) => a.by.map((c) => (c.line ? `line ${c.line}` : (causes[c.step] ?? 'the record of the run'))).join(', ');

const columns: Column<TriedAttribute>[] = [
  { id: 'path', header: 'Tag', value: (a) => a.path, width: '150px', cell: (a) => <code title={a.path}>{a.path}</code> },
  { id: 'name', header: 'Attribute', value: (a) => a.name, cell: (a) => <span title={`${a.name} (${a.vr})`}>{a.name}</span> },
  { id: 'before', header: 'Before', value: (a) => a.before ?? '', width: '1.5fr', cell: (a) => <span title={a.before ?? ''}>{a.before}</span> },
  { id: 'after', header: 'After', value: (a) => a.after ?? '', width: '1.5fr', cell: (a) => <span title={a.after ?? ''}>{a.after}</span> },
  { id: 'change', header: 'Change', value: (a) => changes[a.change].word, width: '95px', cell: (a) => <Badge variant="light" color={changes[a.change].colour}>{changes[a.change].word}</Badge> },
  { id: 'by', header: 'By', value: byWhat, width: '90px', cell: (a) => <span title={a.by.map((c) => c.statement).filter(Boolean).join('\n')}>{byWhat(a)}</span> },
];

function ObjectView({ object }: { object: TriedObject }) {
  const [shown, setShown] = useState('changes');
  const rows = useMemo(() => object.attributes.filter((a) => shown === 'all' || a.change !== 'kept'), [object, shown]);
  const pixels = object.pixels;
  return (
    <Stack gap="sm">
      <Group gap="xs"><Text size="sm">The image</Text><Badge variant="light" color={outcomes[object.outcome].colour}>{outcomes[object.outcome].word}</Badge></Group>
      {object.reason && <Alert color="red" role="status" title={object.reason.line ? `Line ${object.reason.line}` : 'Why'}>{object.reason.reason}</Alert>}
      {object.residual.length > 0 && (
        <Alert color="orange" role="status" title="Identifiers are left">
          <List size="sm">{object.residual.map((r) => <List.Item key={`${r.path} ${r.kind}`}>{r.kind} in {r.path}{r.isBlanked ? ', which is blanked' : ''}</List.Item>)}</List>
        </Alert>
      )}
      {pixels?.textFound && <Alert color="orange" role="status">Text was found in the picture.</Alert>}
      {pixels?.before && pixels.after && (
        <Group align="flex-start">
          <figure style={{ margin: 0 }}><Image src={`data:image/png;base64,${pixels.before}`} alt="The first picture before" w={260} fit="contain" className="picture" /><Text size="xs" component="figcaption">Before</Text></figure>
          <figure style={{ margin: 0 }}><Image src={`data:image/png;base64,${pixels.after}`} alt="The first picture after" w={260} fit="contain" className="picture" /><Text size="xs" component="figcaption">After</Text></figure>
        </Group>
      )}
      {object.notices.length > 0 && <Alert color="blue" title="To look at"><List size="sm">{object.notices.map((n, i) => <List.Item key={i}>Line {n.line}: {n.reason}</List.Item>)}</List></Alert>}
      <SegmentedControl aria-label="Which attributes" value={shown} onChange={setShown} data={[{ value: 'changes', label: 'What changes' }, { value: 'all', label: 'Every attribute' }]} w="fit-content" />
      <DataTable label="Before and after" rows={rows} columns={columns} rowId={(a) => `${a.path} ${a.change}`} height="50vh" />
      {object.truncated && <Text size="xs" c="dimmed">There is more than is shown.</Text>}
    </Stack>
  );
}

function TrialView({ trial }: { trial: Trial }) {
  const [at, setAt] = useState<string | null>('0');
  const object = trial.objects[Number(at ?? 0)] ?? trial.objects[0];
  const findings = trial.objects.filter((o) => o.residual.length > 0).length;
  return (
    <Stack gap="sm">
      {trial.warnings.length > 0 && <Alert color="blue" title="About the script"><List size="sm">{trial.warnings.map((w, i) => <List.Item key={i}>Line {w.line}: {w.reason}</List.Item>)}</List></Alert>}
      <Group align="flex-end" justify="space-between">
        <Select
          label="Image" data={trial.objects.map((o, i) => ({ value: String(i), label: `${o.name}: ${outcomes[o.outcome].word}` }))} value={at} onChange={setAt} allowDeselect={false} w={300}
        />
        <Text size="sm" role="status">{trial.objects.length} of {trial.objectsInSource} images tried; {findings === 0 ? 'no identifier was found afterwards' : `identifiers are left in ${findings}`}.</Text>
      </Group>
      {object && <ObjectView key={object.name} object={object} />}
    </Stack>
  );
}

/** Shows what a script would do, before it is saved: every attribute before and after, and the line that did it (R13). */
export function TryIt({ project, script }: { project?: string; script: string }) {
  const [experiment, setExperiment] = useState<string | null>(null);
  const sessions = useQuery({
    queryKey: ['tryOut', project], queryFn: ({ signal }) => table(at('/data/projects/{project}/experiments', { project: project! }), { columns: 'ID,label,xsiType' }, signal), enabled: project !== undefined,
  });
  const choices = (sessions.data ?? []).filter((r) => /SessionData$/.test(r.xsiType ?? '')).map((r) => ({ value: r.ID ?? '', label: r.label ?? '' }));
  const trial = useMutation({ mutationFn: (of: { experiment?: string; file?: File }) => tryScript({ project, script, ...of }) });
  return (
    <Paper withBorder p="md" component="section" aria-label="Try it">
      <Stack>
        <Title order={3} size="h5">Try it first</Title>
        <Group align="flex-end">
          {project !== undefined && (
            <>
              <Select label="On a session" placeholder={choices.length === 0 ? 'None is archived yet' : 'Choose one'} data={choices} value={experiment} onChange={setExperiment} searchable w={260} />
              <Button variant="default" disabled={!experiment} loading={trial.isPending} onClick={() => trial.mutate({ experiment: experiment! })}>Try it</Button>
            </>
          )}
          <FileButton onChange={(file) => file && trial.mutate({ file })}>{(properties) => <Button variant="default" loading={trial.isPending} {...properties}>Try it on a file of yours</Button>}</FileButton>
        </Group>
        <Text size="xs" c="dimmed">The script as it stands above is tried, saved or not. Nothing is stored; a file, DICOM or zip, is held in memory only.</Text>
        {trial.error && <Alert color="red" role="alert" title="It could not be tried">{trial.error.message}</Alert>}
        {trial.data && <TrialView key={trial.submittedAt} trial={trial.data} />}
      </Stack>
    </Paper>
  );
}
