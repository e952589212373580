import { Alert, Anchor, Badge, Button, FileButton, Group, Progress, Stack, Switch, Text, TextInput } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useRef, useState, type DragEvent } from 'react';
import { Link } from 'react-router';
import { DataTable, type Column } from '../../components/DataTable';
import { PageHeading } from '../../components/PageHeading';
import { ProjectSelect } from '../../components/ProjectSelect';
import { useSession } from '../../session/session';
import { plainSize } from '../../words';
import { filesOfDrop, filesOfInput } from './files';
import { WaitingUploads } from './WaitingUploads';
import { useUpload, type FileState, type UploadFile } from './useUpload';

const colours: Record<FileState, string> = { waiting: 'gray', sending: 'blue', reading: 'violet', stored: 'teal', skipped: 'yellow', failed: 'red' };

const columns: Column<UploadFile>[] = [
  { id: 'state', header: 'State', value: (f) => f.state, cell: (f) => <Badge variant="light" color={colours[f.state]}>{f.state}</Badge>, width: '110px' },
  { id: 'path', header: 'File', value: (f) => f.path, width: '2fr' },
  {
    id: 'size', header: 'Size', value: (f) => f.file.size, width: '150px',
    cell: (f) => (f.state !== 'stored' && f.sent > 0 && f.sent < f.file.size ? `${plainSize(f.sent)} of ${plainSize(f.file.size)}` : plainSize(f.file.size)),
  },
  { id: 'reason', header: 'Why', value: (f) => f.reason ?? '', width: '2fr' },
];

/** Files, folders and archives from the person's own machine (R3). */
export default function UploadPage() {
  const { person } = useSession();
  const { files, sessions, isRunning, add, start, cancel, clear } = useUpload(person?.login ?? '');
  const [project, setProject] = useState<string | null>(null);
  const [subject, setSubject] = useState('');
  const [session, setSession] = useState('');
  const [toArchive, setToArchive] = useState(false);
  const [isOver, setIsOver] = useState(false);
  const folder = useRef<HTMLInputElement>(null);
  const forget = useRef<() => void>(null);

  const total = files.reduce((sum, f) => sum + f.file.size, 0);
  const done = files.filter((f) => f.state === 'stored' || f.state === 'skipped');
  const sent = files.reduce((sum, f) => sum + (done.includes(f) ? f.file.size : f.sent), 0);
  const left = files.filter((f) => f.state === 'waiting' || f.state === 'failed').length;

  function drop(event: DragEvent) {
    event.preventDefault();
    setIsOver(false);
    void filesOfDrop(event.dataTransfer.items).then(add);
  }

  return (
    <>
      <PageHeading title="Upload" note="DICOM files, folders of them, or zip and tar archives. They are de-identified before they are stored." />
      <Stack>
        <Group grow align="flex-end">
          <ProjectSelect value={project} onChange={setProject} required />
          <TextInput label="Subject" description="Left empty, the images say it themselves." value={subject} onChange={(e) => setSubject(e.currentTarget.value)} />
          <TextInput label="Session" description="Left empty, the images say it themselves." value={session} onChange={(e) => setSession(e.currentTarget.value)} />
        </Group>
        <Switch label="Archive at once what comes as an archive file, without review in the prearchive" checked={toArchive} onChange={(e) => setToArchive(e.currentTarget.checked)} />
        <div className="uploadZone" data-over={isOver} onDragOver={(e) => { e.preventDefault(); setIsOver(true); }} onDragLeave={() => setIsOver(false)} onDrop={drop}>
          <Stack align="center" gap="xs">
            <IconUpload size={32} aria-hidden />
            <Text>Drop files, folders or archives here</Text>
            {/* Inputs forget what was chosen: a browser says nothing when the same is chosen again. */}
            <Group>
              <FileButton multiple resetRef={forget} onChange={(chosen) => { add(chosen.map((file) => ({ file, path: file.name }))); forget.current?.(); }}>
                {(properties) => <Button variant="default" {...properties}>Choose files</Button>}
              </FileButton>
              <Button variant="default" onClick={() => folder.current?.click()}>Choose a folder</Button>
              <input
                ref={(element) => { folder.current = element; element?.setAttribute('webkitdirectory', ''); }} type="file" hidden aria-hidden tabIndex={-1}
                onChange={(e) => {
                  if (e.currentTarget.files) add(filesOfInput(e.currentTarget.files));
                  e.currentTarget.value = '';
                }}
              />
            </Group>
          </Stack>
        </div>
        {files.length === 0 && <WaitingUploads />}
        {files.length > 0 && (
          <>
            <Group justify="space-between">
              <Text size="sm" aria-live="polite">{done.length} of {files.length} files, {plainSize(sent)} of {plainSize(total)}</Text>
              <Group gap="xs">
                <Button variant="default" onClick={clear}>{isRunning ? 'Cancel' : 'Empty the list'}</Button>
                {isRunning ? <Button variant="light" onClick={cancel}>Pause</Button>
                  : <Button disabled={!project || left === 0} onClick={() => void start({ project: project!, subject, session, toArchive })}>{done.length > 0 && left > 0 ? 'Go on' : 'Upload'}</Button>}
              </Group>
            </Group>
            <Progress value={total > 0 ? (100 * sent) / total : 0} animated={isRunning} aria-label="Upload progress" />
            {!isRunning && left === 0 && sessions.length > 0 && (
              <Alert color="teal" title={sessions.length === 1 ? 'One session arrived' : `${sessions.length} sessions arrived`} role="status">
                {sessions.some((s) => s.includes('/prearchive/')) ? <>They wait in the <Anchor component={Link} to="/prearchive">prearchive</Anchor>.</> : <>They are in the <Anchor component={Link} to={`/projects/${project}`}>archive</Anchor>.</>}
              </Alert>
            )}
            <DataTable label="Files to upload" rows={files} columns={columns} rowId={(f) => f.path} height={420} />
          </>
        )}
      </Stack>
    </>
  );
}
