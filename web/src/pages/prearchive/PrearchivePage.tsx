import { ActionIcon, Badge, Button, Group, Menu, Select, Skeleton, Text, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconArchive, IconDots } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { Link } from 'react-router';
import { getJson } from '../../api/http';
import { archive, comparisonPlace, rebuild, removeSessions, type PrearchiveSession } from '../../api/prearchive';
import { useChanges } from '../../api/useChanges';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { PageHeading } from '../../components/PageHeading';
import { useConfirmation } from '../../components/Confirmation';
import { plainMoment, plainSize } from '../../words';
import { MoveDialog } from './MoveDialog';
import { ReviewDialog } from './ReviewDialog';
import { isBusy, stateOf } from './words';

const key = ['prearchive'];

function State({ session }: { session: PrearchiveSession }) {
  const state = stateOf(session.status);
  const problems = [
    session.problem,
    session.inArchive && session.status !== 'CONFLICT' ? 'The archive has a session of this label already.' : null,
    session.conflicts > 0 ? `${session.conflicts} images came twice with different content.` : null,
    session.quarantined > 0 ? `${session.quarantined} images are in quarantine.` : null,
  ].filter(Boolean);
  return (
    <Tooltip label={[state.meaning, ...problems].join(' ')} multiline maw={420}>
      <Badge variant="light" color={problems.length > 0 && session.status === 'READY' ? 'yellow' : state.colour} tabIndex={0}>
        {state.word}
      </Badge>
    </Tooltip>
  );
}

/** What has arrived and is not archived yet, as it grows (R18). */
export default function PrearchivePage() {
  const { data, isPending, error, refetch } = useQuery({ queryKey: key, queryFn: ({ signal }) => getJson<PrearchiveSession[]>('/xapi/vesalius/prearchive', signal) });
  useChanges('prearchive', key);
  const client = useQueryClient();
  const [project, setProject] = useState<string | null>(null);
  const [reviewed, setReviewed] = useState<PrearchiveSession>();
  const [moved, setMoved] = useState<PrearchiveSession[]>();
  const [confirm, confirmation] = useConfirmation();

  const work = useMutation({
    mutationFn: async ({ sessions, act }: { sessions: PrearchiveSession[]; act: (url: string) => Promise<unknown>; done: string }) => {
      const failed: string[] = [];
      for (const session of sessions) {
        try {
          await act(session.url);
        } catch (e) {
          failed.push(`${session.label}: ${e instanceof Error ? e.message : 'failed'}`);
        }
      }
      return failed;
    },
    onSuccess: (failed, { sessions, done }) => {
      const fine = sessions.length - failed.length;
      if (fine > 0) notifications.show({ message: `${done}: ${fine}`, color: 'teal' });
      if (failed.length > 0) notifications.show({ title: `${failed.length} did not work`, message: failed.join('\n'), color: 'red', autoClose: false });
      void client.invalidateQueries({ queryKey: key });
      void client.invalidateQueries({ queryKey: ['table'] });
    },
  });

  const archiveThem = (sessions: PrearchiveSession[]) => work.mutate({ sessions, act: (url) => archive(url), done: 'Archived' });
  async function deleteThem(sessions: PrearchiveSession[]) {
    const what = sessions.length === 1 ? `session ${sessions[0]!.label}` : `${sessions.length} sessions`;
    if (await confirm({ title: `Delete ${what}?`, text: 'Their images are deleted from the prearchive for good.', action: 'Delete' })) {
      work.mutate({ sessions, act: (url) => removeSessions([url]), done: 'Deleted' });
    }
  }

  const columns = useMemo<Column<PrearchiveSession>[]>(
    () => [
      { id: 'state', header: 'State', value: (r) => stateOf(r.status).word, cell: (r) => <State session={r} />, width: '100px' },
      { id: 'project', header: 'Project', value: (r) => r.project },
      { id: 'subject', header: 'Subject', value: (r) => r.subject },
      { id: 'session', header: 'Session', value: (r) => r.label, width: '1.4fr' },
      { id: 'date', header: 'Date', value: (r) => r.scanDate ?? '', width: '90px' },
      { id: 'objects', header: 'Images', value: (r) => r.objects, cell: (r) => r.objects.toLocaleString('en-GB'), width: '60px' },
      { id: 'size', header: 'Size', value: (r) => r.size, cell: (r) => plainSize(r.size), width: '70px' },
      { id: 'last', header: 'Last change', value: (r) => r.lastModified, cell: (r) => plainMoment(r.lastModified), width: '95px' },
      {
        id: 'actions', header: '', value: () => '', width: '120px',
        cell: (r) => (
          <Group gap={4} wrap="nowrap">
            {/* Archiving it as it is would be refused. */}
            {r.inArchive && !isBusy(r.status) ? <Button component={Link} to={comparisonPlace(r)} size="compact-xs" variant="light" color="orange" aria-label={`Compare ${r.label} with the archive`}>Compare</Button>
              : <Button size="compact-xs" variant="light" disabled={isBusy(r.status) || r.project === 'Unassigned'} onClick={() => archiveThem([r])}>Archive</Button>}
            <Menu position="bottom-end" withinPortal>
              <Menu.Target>
                <ActionIcon variant="subtle" aria-label={`More for ${r.label}`} disabled={isBusy(r.status)}><IconDots size={16} /></ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item onClick={() => setReviewed(r)}>Review and relabel…</Menu.Item>
                {r.project !== 'Unassigned' && <Menu.Item component={Link} to={comparisonPlace(r)}>Compare with the archive</Menu.Item>}
                <Menu.Item onClick={() => setMoved([r])}>Move to another project…</Menu.Item>
                <Menu.Item onClick={() => work.mutate({ sessions: [r], act: (url) => rebuild([url]), done: 'Read anew' })}>Read headers anew</Menu.Item>
                <Menu.Item component="a" href={`/data${r.url}?format=zip`}>Download</Menu.Item>
                <Menu.Divider />
                <Menu.Item color="red" onClick={() => void deleteThem([r])}>Delete…</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Group>
        ),
      },
    ],
    // The actions reach for nothing that changes between renders but the mutation, which is stable.
    [],
  );

  if (error) return <Failure error={error} retry={() => void refetch()} />;
  const projects = [...new Set((data ?? []).map((s) => s.project))].sort();
  const shown = (data ?? []).filter((s) => project === null || s.project === project);
  return (
    <>
      <PageHeading
        title="Prearchive" note="What has arrived and waits to be archived. The list follows what happens; nothing needs to be reloaded."
        actions={<Select aria-label="Project" placeholder="All projects" data={projects} value={project} onChange={setProject} clearable searchable w={220} />}
      />
      {isPending ? (
        <Skeleton h={300} />
      ) : data.length === 0 ? (
        <Empty title="Nothing waits here">Images that scanners, PACS or people send appear here at once, until they are archived.</Empty>
      ) : (
        <DataTable
          label="Prearchive" rows={shown} columns={columns} rowId={(r) => r.url} initialSort={[{ id: 'last', desc: true }]}
          actions={(selected, clear) => (
            <>
              <Button size="xs" leftSection={<IconArchive size={14} />} loading={work.isPending} onClick={() => { archiveThem(selected); clear(); }}>Archive {selected.length}</Button>
              <Button size="xs" variant="default" onClick={() => setMoved(selected)}>Move…</Button>
              <Button size="xs" variant="light" color="red" onClick={() => void deleteThem(selected).then(clear)}>Delete…</Button>
            </>
          )}
        />
      )}
      <Text mt="xs" size="xs" c="dimmed">Archiving runs the project's script on every image; what it cannot de-identify stays here and is shown as a problem.</Text>
      <ReviewDialog session={reviewed} onClose={() => setReviewed(undefined)} onArchive={(choice) => reviewed && work.mutate({ sessions: [reviewed], act: (url) => archive(url, choice), done: 'Archived' })} />
      <MoveDialog sessions={moved} onClose={() => setMoved(undefined)} />
      {confirmation}
    </>
  );
}
