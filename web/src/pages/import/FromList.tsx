import { Alert, Badge, Button, FileButton, Group, List, SegmentedControl, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { previewList, startList, type ListRow, type RowState } from '../../api/dqr';
import { DataTable, type Column } from '../../components/DataTable';
import { ProjectSelect } from '../../components/ProjectSelect';
import { PacsSelect } from './PacsSelect';

const words: Record<RowState, { word: string; colour: string }> = {
  Accepted: { word: 'fine', colour: 'teal' },
  Repaired: { word: 'put right', colour: 'blue' },
  Ambiguous: { word: 'unclear', colour: 'orange' },
  Refused: { word: 'refused', colour: 'red' },
};

const asked = (row: ListRow) => [row.criteria.accessionNumber, row.criteria.patientId, row.criteria.studyDate].filter(Boolean).join(' · ');

const columns: Column<ListRow>[] = [
  { id: 'line', header: 'Line', value: (r) => r.line, width: '60px' },
  { id: 'state', header: 'State', value: (r) => words[r.state].word, width: '100px', cell: (r) => <Badge variant="light" color={words[r.state].colour}>{words[r.state].word}</Badge> },
  { id: 'asked', header: 'Looks for', value: asked, width: '1.5fr' },
  { id: 'subject', header: 'Subject', value: (r) => r.subject ?? '' },
  { id: 'session', header: 'Session', value: (r) => r.session ?? '' },
  { id: 'notes', header: 'What was done or is wrong', value: (r) => r.notes.join(' '), width: '3fr' },
];

/** A list of studies: read, put right where that is certain, shown, and only then started (R5). */
export function FromList({ onQueued }: { onQueued: () => void }) {
  const client = useQueryClient();
  const [pacsId, setPacsId] = useState<number | null>(null);
  const [project, setProject] = useState<string | null>(null);
  const [list, setList] = useState<File>();
  const [shown, setShown] = useState('all');
  const choose = useCallback((id: number | null) => setPacsId(id), []);
  const preview = useMutation({ mutationFn: (file: File) => previewList(file, pacsId!, project!) });
  const start = useMutation({
    mutationFn: () => startList(list!, pacsId!, project!),
    onSuccess: ({ known }) => {
      notifications.show({ message: known ? 'This list runs already.' : 'Started', color: 'teal' });
      void client.invalidateQueries({ queryKey: ['imports'] });
      onQueued();
    },
  });
  const take = (file: File | null) => {
    if (!file) return;
    setList(file);
    preview.mutate(file);
  };
  const seen = preview.data;
  const taken = seen ? seen.counts.Accepted + seen.counts.Repaired : 0;
  const rows = (seen?.rows ?? []).filter((r) => shown === 'all' || (shown === 'taken') === (r.state === 'Accepted' || r.state === 'Repaired'));
  return (
    <Stack>
      <Group grow align="flex-end">
        <PacsSelect value={pacsId} onChange={choose} />
        <ProjectSelect value={project} onChange={setProject} required />
      </Group>
      <div
        className="uploadZone" onDragOver={(e) => e.preventDefault()}
        onDrop={(e) => { e.preventDefault(); if (pacsId !== null && project) take(e.dataTransfer.files[0] ?? null); }}
      >
        <Stack align="center" gap="xs">
          <Text>Drop a CSV file here: accession number, or patient ID and study date, with subject and session labels</Text>
          <FileButton accept=".csv,text/csv,text/plain" onChange={take}>
            {(properties) => <Button variant="default" disabled={pacsId === null || !project} {...properties}>Choose a file</Button>}
          </FileButton>
          {list && <Text size="sm" c="dimmed">{list.name}</Text>}
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
            <Button disabled={taken === 0} loading={start.isPending} onClick={() => start.mutate()}>Import {taken.toLocaleString('en-GB')} {taken === 1 ? 'study' : 'studies'}</Button>
          </Group>
          <DataTable label="Rows of the list" rows={rows} columns={columns} rowId={(r) => String(r.number)} height="45vh" />
        </>
      )}
    </Stack>
  );
}
