import { Alert, Anchor, Button, Checkbox, Code, CopyButton, Group, Paper, Radio, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useLocation, useParams } from 'react-router';
import { fileOf, foldersOf, isChosen, orderDownload, sessionsOf, type Choice, type Folder } from '../../api/downloads';
import { path } from '../../api/http';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { PageHeading } from '../../components/PageHeading';
import { usePerson } from '../../session/session';
import { plainSize, plainType } from '../../words';

const layouts = [
  { value: 'default', label: 'As XNAT', description: 'session/scans/3-T1/resources/DICOM/files/…' },
  { value: 'simplified', label: 'Simpler', description: 'session/scans/3/DICOM/…' },
  { value: 'flat', label: 'All files of a session in one folder', description: 'session/session_3_DICOM_…' },
  { value: 'bids', label: 'Like BIDS', description: 'sub-S01/ses-V1/anat/…, DICOM below sourcedata' },
];

const everything: Choice = { scanTypes: [], scanFormats: [], resources: [], assessors: [], layout: 'default' };

interface Option {
  value: string;
  files: number;
  size: number;
}

function optionsOf(folders: readonly Folder[], valueOf: (f: Folder) => string): Option[] {
  const all = new Map<string, Option>();
  for (const f of folders) {
    const known = all.get(valueOf(f)) ?? { value: valueOf(f), files: 0, size: 0 };
    all.set(known.value, { ...known, files: known.files + f.files, size: known.size + f.size });
  }
  return [...all.values()].sort((a, b) => a.value.localeCompare(b.value, 'en', { numeric: true }));
}

function Options({ label, options, value, onChange, plain = (v: string) => v }: { label: string; options: Option[]; value: string[]; onChange: (v: string[]) => void; plain?: (v: string) => string }) {
  if (options.length === 0) return null;
  return (
    <Paper withBorder p="md" role="group" aria-label={label}>
      <Group justify="space-between" mb="xs">
        <Title order={3} size="h5">{label}</Title>
        <Group gap="xs">
          <Button size="compact-xs" variant="subtle" onClick={() => onChange(options.map((o) => o.value))} aria-label={`All: ${label}`}>All</Button>
          <Button size="compact-xs" variant="subtle" onClick={() => onChange([])} aria-label={`None: ${label}`}>None</Button>
        </Group>
      </Group>
      <Checkbox.Group value={value} onChange={onChange}>
        <Stack gap={6} mah={260} style={{ overflowY: 'auto' }}>
          {options.map((o) => <Checkbox key={o.value} value={o.value} label={<>{plain(o.value)} <Text span size="xs" c="dimmed">{o.files.toLocaleString('en-GB')} {o.files === 1 ? 'file' : 'files'}, {plainSize(o.size)}</Text></>} />)}
        </Stack>
      </Checkbox.Group>
    </Paper>
  );
}

/** Chooses what of some sessions to fetch: one zip, made while it is sent, which goes on where it broke off (R30). */
export default function DownloadPage() {
  const { project = '', experiment } = useParams();
  const { login } = usePerson();
  const chosen = (useLocation().state as { sessions?: string[] } | null)?.sessions;
  const all = useQuery({ queryKey: ['download', project], queryFn: ({ signal }) => sessionsOf(project, signal) });
  const sessions = useMemo(
    () => (all.data ?? []).filter((s) => (experiment ? s.label === experiment || s.id === experiment : chosen ? chosen.includes(s.id) : true)),
    [all.data, experiment, chosen],
  );
  const folders = useQuery({ queryKey: ['download', project, 'folders', sessions.map((s) => s.id).join()], queryFn: ({ signal }) => foldersOf(project, sessions, signal), enabled: sessions.length > 0 });
  const [choice, setChoice] = useState<Choice>(everything);
  const known = folders.data ?? [];
  const scans = known.filter((f) => f.category === 'scan');
  const types = optionsOf(scans, (f) => f.type);
  const formats = optionsOf(scans, (f) => f.label);
  const resources = optionsOf(known.filter((f) => f.category === 'session'), (f) => f.label);
  const assessors = optionsOf(known.filter((f) => f.category === 'assessor'), (f) => f.type);
  useEffect(() => {
    setChoice((now) => ({ ...now, scanTypes: types.map((o) => o.value), scanFormats: formats.map((o) => o.value), resources: resources.map((o) => o.value), assessors: assessors.map((o) => o.value) }));
    // All of what there is, as soon as it is known.
  }, [folders.data]);
  const order = useMutation({
    mutationFn: () => orderDownload(project, sessions, choice),
    onSuccess: ({ id }) => window.location.assign(fileOf(id)),
  });
  const set = (to: Partial<Choice>) => {
    order.reset();
    setChoice({ ...choice, ...to });
  };
  const taken = known.filter((f) => isChosen(f, choice));
  const files = taken.reduce((sum, f) => sum + f.files, 0);
  const size = taken.reduce((sum, f) => sum + f.size, 0);
  const error = all.error ?? folders.error;
  const line = order.data && `curl -C - -u ${login} -o ${project}.zip '${window.location.origin}${fileOf(order.data.id)}'`;
  return (
    <>
      <PageHeading
        title="Download" trail={[{ label: 'Projects', to: '/' }, { label: project, to: path`/projects/${project}` }, ...(experiment ? [{ label: experiment, to: path`/projects/${project}/experiments/${experiment}` }] : [])]}
        note={all.data && (experiment ? `Session ${experiment}` : `${sessions.length.toLocaleString('en-GB')} ${sessions.length === 1 ? 'session' : 'sessions'} of ${project}`)}
      />
      {error ? <Failure error={error} retry={() => void (all.error ? all.refetch() : folders.refetch())} />
        : all.data && sessions.length === 0 ? <Empty title="No session to download">It may have been renamed or deleted. Choose again in the project.</Empty>
        : !folders.data ? <Skeleton h={300} role="status" aria-label="Looking at what there is" />
        : known.length === 0 ? <Empty title="There are no files">The sessions hold no files yet.</Empty> : (
          <Stack maw={900}>
            <Options label="Kinds of scans" options={types} value={choice.scanTypes} onChange={(v) => set({ scanTypes: v })} plain={(v) => (v === 'NULL' ? 'without a type' : v)} />
            <Options label="Formats of scans" options={formats} value={choice.scanFormats} onChange={(v) => set({ scanFormats: v })} />
            <Options label="Other files of the session" options={resources} value={choice.resources} onChange={(v) => set({ resources: v })} />
            <Options label="What was made from it" options={assessors} value={choice.assessors} onChange={(v) => set({ assessors: v })} plain={plainType} />
            <Paper withBorder p="md">
              <Radio.Group label="Folders in the zip" value={choice.layout} onChange={(v) => set({ layout: v as Choice['layout'] })}>
                <Stack gap={6} mt={6}>{layouts.map((l) => <Radio key={l.value} {...l} />)}</Stack>
              </Radio.Group>
            </Paper>
            {order.error && <Alert color="red" role="alert">{order.error.message}</Alert>}
            <Group>
              <Button leftSection={<IconDownload size={16} />} disabled={files === 0} loading={order.isPending} onClick={() => order.mutate()}>Download</Button>
              <Text size="sm" aria-live="polite">{files === 0 ? 'Nothing is chosen.' : `${files.toLocaleString('en-GB')} ${files === 1 ? 'file' : 'files'}, ${plainSize(size)}`}</Text>
            </Group>
            {line && (
              <Alert color="teal" title="It is on its way" role="status">
                <Stack gap="xs" align="flex-start">
                  <Text size="sm">If it breaks off, <Anchor href={fileOf(order.data!.id)}>fetch it again</Anchor>: browsers and curl go on where they stopped, for a day. From a terminal:</Text>
                  <Code block w="100%">{line}</Code>
                  <CopyButton value={line}>{({ copied, copy }) => <Button size="xs" variant="default" onClick={copy}>{copied ? 'Copied' : 'Copy the line'}</Button>}</CopyButton>
                </Stack>
              </Alert>
            )}
          </Stack>
        )}
    </>
  );
}
