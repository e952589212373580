import { Alert, Anchor, Button, Group, List, Skeleton, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { compare } from '../../api/comparison';
import { path, RequestFailed } from '../../api/http';
import { archive, relabel, removeSessions } from '../../api/prearchive';
import { useConfirmation } from '../../components/Confirmation';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { PageHeading } from '../../components/PageHeading';
import { plainType } from '../../words';
import { Decision } from './comparison/Decision';
import { ScanComparison } from './comparison/ScanComparison';
import { archivedCount, arrivedCount, images } from './comparison/states';
import { MoveDialog } from './MoveDialog';
import { isBusy, stateOf } from './words';

const trail = [{ label: 'Prearchive', to: '/prearchive' }];

/** A session of the prearchive beside the archived one of its label, and what can be done about the two (R9). */
export default function ComparisonPage() {
  const { project = '', timestamp = '', folder = '' } = useParams();
  const url = path`/prearchive/projects/${project}/${timestamp}/${folder}`;
  const key = ['comparison', url];
  const { data, error, isFetching, refetch } = useQuery({ queryKey: key, queryFn: ({ signal }) => compare(project, timestamp, folder, signal), retry: false, refetchOnWindowFocus: false });
  const client = useQueryClient();
  const navigate = useNavigate();
  const [opened, setOpened] = useState<string>();
  const [moved, setMoved] = useState<{ url: string; label: string }[]>();
  const [confirm, confirmation] = useConfirmation();
  function leave(to: string, message: string) {
    notifications.show({ message, color: 'teal' });
    void client.invalidateQueries({ queryKey: ['prearchive'] });
    void client.invalidateQueries({ queryKey: ['table'] });
    client.removeQueries({ queryKey: key });
    void navigate(to);
  }
  const acting = useMutation({
    mutationFn: async ({ act }: { act: () => Promise<unknown>; then: () => void }) => act(),
    onSuccess: (_, { then }) => then(),
    // What was refused may have changed the session's state.
    onError: () => void refetch(),
  });

  if (error) {
    return (
      <>
        <PageHeading title="Compare with the archive" trail={trail} />
        {error instanceof RequestFailed && error.status === 404
          ? <Empty title="It is not in the prearchive any more" action={<Button component={Link} to="/prearchive" variant="default">To the prearchive</Button>}>It was archived, moved or deleted meanwhile, or it is not visible to you.</Empty>
          : <Failure error={error} retry={() => void refetch()} />}
      </>
    );
  }
  if (!data) {
    return (
      <>
        <PageHeading title="Compare with the archive" trail={trail} note="Every image is read, and goes through the project's rules, before it is compared." />
        <Skeleton h={300} aria-label="Comparing" />
      </>
    );
  }

  const session = path`/projects/${data.project}/experiments/${data.session}`;
  async function archiveIt(choice: Parameters<typeof archive>[1], replaces: number) {
    if (replaces > 0 && choice?.overwrite_files && !(await confirm({ title: `Replace ${images(replaces)}?`, text: 'What the archive holds of them is gone for good.', action: 'Add and replace' }))) return;
    acting.mutate({ act: () => archive(url, choice), then: () => leave(session, `Archived as ${data!.session}`) });
  }
  async function deleteIt() {
    if (await confirm({ title: `Delete session ${data!.session} from the prearchive?`, text: 'The images that came are deleted for good. What is archived stays as it is.', action: 'Delete' })) {
      acting.mutate({ act: () => removeSessions([url]), then: () => leave('/prearchive', `Deleted ${data!.session} from the prearchive`) });
    }
  }

  const state = stateOf(data.status);
  const clashes = (data.counts.different ?? 0) + (data.counts.nameTaken ?? 0);
  return (
    <>
      <PageHeading
        title={`Compare ${data.session} with the archive`} trail={trail}
        note={`Project ${data.project} · subject ${data.subject} · ${images(arrivedCount(data.counts))} arrived · ${state.word}`}
        actions={
          <>
            <Button variant="default" onClick={() => setMoved([{ url, label: data.session }])}>Move…</Button>
            <Button variant="light" color="red" onClick={() => void deleteIt()}>Delete…</Button>
          </>
        }
      />
      <Stack>
        {acting.error && <Failure error={acting.error} />}
        {data.archived && (
          <Text size="sm">
            The archive has <Anchor component={Link} to={session} underline="always">{data.archived.label}</Anchor> already: {plainType(data.archived.xsiType)}, subject {data.archived.subject}, {images(archivedCount(data.counts))}.
          </Text>
        )}
        {data.problems.length > 0 && (
          <Alert color="orange" title={data.archived ? 'The two cannot be merged' : 'It cannot be archived'} role="status">
            <List size="sm">{data.problems.map((problem) => <List.Item key={problem}>{problem}</List.Item>)}</List>
          </Alert>
        )}
        {data.twice > 0 && <Alert color="yellow" role="status">{images(data.twice)} came twice with different content; the first of each is kept.</Alert>}
        {isBusy(data.status) ? <Alert color="blue" role="status">{state.meaning}</Alert>
          : <Decision key={`${data.subject}/${data.session}/${clashes}`} comparison={data} isBusy={acting.isPending || isFetching} onArchive={(choice) => void archiveIt(choice, clashes)} onRelabel={(subject, label) => acting.mutate({ act: () => relabel(url, subject, label), then: () => void refetch() })} />}
        <ScanComparison scans={data.scans} opened={opened} onOpen={setOpened} />
        <Group justify="space-between">
          <Text size="xs" c="dimmed">Compared by SOP Instance UID and SHA-256, after the project's script and pixel rules ran on a copy.</Text>
          <Button size="compact-sm" variant="subtle" loading={isFetching} onClick={() => void refetch()}>Compare again</Button>
        </Group>
      </Stack>
      <MoveDialog sessions={moved} onClose={() => setMoved(undefined)} onMoved={() => void navigate('/prearchive')} />
      {confirmation}
    </>
  );
}
