import { Alert, Button, FileButton, Group, List, SegmentedControl, Stack, Switch, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { previewList, startList, writeList, type ListRow, type ListTarget } from '../../api/dqr';
import { ProjectSelect } from '../../components/ProjectSelect';
import { isTaken, ListGrid, type Changes } from './ListGrid';
import { PacsSelect } from './PacsSelect';

/** A list of studies: read, put right where that is certain, shown, changed where it is not, and only then started (R5). */
export function FromList({ onQueued }: { onQueued: () => void }) {
  const client = useQueryClient();
  const [pacsId, setPacsId] = useState<number | null>(null);
  const [project, setProject] = useState<string | null>(null);
  const [append, setAppend] = useState(false);
  const [name, setName] = useState<string>();
  const [shown, setShown] = useState('all');
  const [changes, setChanges] = useState<Changes>(new Map());
  const choose = useCallback((id: number | null) => setPacsId(id), []);
  const preview = useMutation({
    mutationFn: async ({ list, target }: { list: Blob; target: ListTarget }) => ({ list, target, ...(await previewList(list, target)) }),
    onSuccess: () => setChanges(new Map()),
  });
  const seen = preview.data;
  const start = useMutation({
    mutationFn: () => startList(seen!.list, seen!.target),
    onSuccess: ({ known }) => {
      notifications.show({ message: known ? 'This list runs already.' : 'Started', color: 'teal' });
      void client.invalidateQueries({ queryKey: ['imports'] });
      onQueued();
    },
  });
  const isReady = pacsId !== null && !!project;
  const take = (file: File | null) => {
    if (!file || !isReady) return;
    setName(file.name);
    setShown('all');
    preview.mutate({ list: file, target: { pacsId, projectId: project, append } });
  };
  const change = (row: ListRow, column: string, text: string) =>
    setChanges((all) => new Map(all).set(row.number, { ...all.get(row.number), [column]: text }));
  // What was chosen above since then counts as a change too: nothing starts that was not seen.
  const isStale = !!seen && (changes.size > 0 || seen.target.pacsId !== pacsId || seen.target.projectId !== project || seen.target.append !== append);
  const checkAgain = () => seen && isReady && preview.mutate({ list: changes.size > 0 ? writeList(seen.rows, changes) : seen.list, target: { pacsId, projectId: project, append } });
  const taken = seen ? seen.counts.Accepted + seen.counts.Repaired : 0;
  const rows = (seen?.rows ?? []).filter((r) => shown === 'all' || (shown === 'taken') === isTaken(r));
  return (
    <Stack>
      <Group grow align="flex-end">
        <PacsSelect value={pacsId} onChange={choose} />
        <ProjectSelect value={project} onChange={setProject} required />
      </Group>
      <Switch label="Add to sessions that are archived already, where a row names one" checked={append} onChange={(e) => setAppend(e.currentTarget.checked)} />
      <div className="uploadZone" data-small={!!seen} onDragOver={(e) => e.preventDefault()} onDrop={(e) => { e.preventDefault(); take(e.dataTransfer.files[0] ?? null); }}>
        <Stack align="center" gap="xs">
          <Text>Drop a CSV file here: accession number, or patient ID and study date, with subject and session labels</Text>
          <FileButton accept=".csv,text/csv,text/plain" onChange={take}>
            {(properties) => <Button variant="default" disabled={!isReady} loading={preview.isPending} {...properties}>Choose a file</Button>}
          </FileButton>
          <Text size="sm" c="dimmed">{name ?? (isReady ? 'Nothing is asked of the PACS before you have seen the list.' : 'Choose a PACS and a project first.')}</Text>
        </Stack>
      </div>
      {(preview.error ?? start.error) && <Alert color="red" role="alert">{(preview.error ?? start.error)!.message}</Alert>}
      {seen?.fault && <Alert color="red" role="alert" title="The file cannot be read">{seen.fault}</Alert>}
      {seen && !seen.fault && (
        <>
          {(seen.repairs.length > 0 || seen.unknownHeaders.length > 0) && (
            <Alert color="blue" title="About the file">
              <List size="sm">
                {seen.repairs.map((r) => <List.Item key={r}>{r}</List.Item>)}
                {seen.unknownHeaders.length > 0 && <List.Item>Columns that are not used: {seen.unknownHeaders.join(', ')}</List.Item>}
              </List>
            </Alert>
          )}
          <Group justify="space-between">
            <SegmentedControl
              value={shown} onChange={setShown} aria-label="Rows to show"
              data={[{ value: 'all', label: `All (${seen.rows.length})` }, { value: 'taken', label: `Will be imported (${taken})` }, { value: 'left', label: `Left out (${seen.rows.length - taken})` }]}
            />
            <Group gap="xs">
              {isStale && <Button variant="default" onClick={() => setChanges(new Map())} disabled={changes.size === 0}>Undo changes</Button>}
              {isStale
                ? <Button loading={preview.isPending} onClick={checkAgain}>Check again{changes.size > 0 ? ` (${changes.size} changed)` : ''}</Button>
                : <Button disabled={taken === 0} loading={start.isPending} onClick={() => start.mutate()}>Import {taken.toLocaleString('en-GB')} {taken === 1 ? 'study' : 'studies'}</Button>}
            </Group>
          </Group>
          <ListGrid all={seen.rows} shown={rows} changes={changes} onChange={change} />
          <Text size="sm" c="dimmed">Rows can be put right here, cell by cell; rows that are left out do not hold up the others.</Text>
        </>
      )}
    </Stack>
  );
}
