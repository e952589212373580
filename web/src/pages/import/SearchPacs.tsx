import { ActionIcon, Alert, Button, Group, Modal, Paper, Select, Skeleton, Stack, Table, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconListDetails } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useState, type FormEvent } from 'react';
import { importStudies, searchStudies, seriesOf, type Receiver, type Study } from '../../api/dqr';
import { getJson } from '../../api/http';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { ProjectSelect } from '../../components/ProjectSelect';
import { PacsSelect } from './PacsSelect';

function SeriesDialog({ pacsId, study, onClose }: { pacsId: number; study: Study | undefined; onClose: () => void }) {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['series', pacsId, study?.studyInstanceUid], queryFn: () => seriesOf(pacsId, study!.studyInstanceUid), enabled: !!study });
  return (
    <Modal opened={!!study} onClose={onClose} title={study?.studyDescription || 'Series of the study'} size="lg">
      {error ? <Failure error={error} retry={() => void refetch()} /> : isPending ? <Skeleton h={160} /> : (
        <Table aria-label="Series">
          <Table.Thead><Table.Tr><Table.Th>Number</Table.Th><Table.Th>Series</Table.Th><Table.Th>Kind</Table.Th><Table.Th>Images</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {data.map((s) => <Table.Tr key={s.seriesInstanceUid}><Table.Td>{s.seriesNumber}</Table.Td><Table.Td>{s.seriesDescription}</Table.Td><Table.Td>{s.modality}</Table.Td><Table.Td>{s.numberOfRelatedInstances ?? ''}</Table.Td></Table.Tr>)}
          </Table.Tbody>
        </Table>
      )}
    </Modal>
  );
}

interface Labels { subject: string; session: string }

function ImportDialog({ pacsId, studies, onClose }: { pacsId: number; studies: Study[] | undefined; onClose: (done: boolean) => void }) {
  const client = useQueryClient();
  const [project, setProject] = useState<string | null>(null);
  const [receiver, setReceiver] = useState<string | null>(null);
  const [labels, setLabels] = useState<Record<string, Labels>>({});
  const receivers = useQuery({ queryKey: ['receivers'], queryFn: ({ signal }) => getJson<Receiver[]>('/xapi/dicomscp', signal), enabled: !!studies });
  const open = (receivers.data ?? []).filter((r) => r.enabled);
  const chosen = open.find((r) => String(r.id) === receiver) ?? open[0];
  const of = (uid: string): Labels => labels[uid] ?? { subject: '', session: '' };
  const isReady = !!project && !!chosen && !!studies?.every((s) => of(s.studyInstanceUid).subject && of(s.studyInstanceUid).session);
  const work = useMutation({
    mutationFn: () => importStudies({
      pacsId, projectId: project!, aeTitle: chosen!.aeTitle, port: chosen!.port,
      studies: studies!.map((s) => ({ studyInstanceUid: s.studyInstanceUid, relabelMap: { Subject: of(s.studyInstanceUid).subject, Session: of(s.studyInstanceUid).session } })),
    }),
    onSuccess: (queued) => {
      notifications.show({ message: `Queued: ${queued?.length ?? 0}`, color: 'teal' });
      void client.invalidateQueries({ queryKey: ['imports'] });
      onClose(true);
    },
  });
  const set = (uid: string, to: Partial<Labels>) => setLabels({ ...labels, [uid]: { ...of(uid), ...to } });
  return (
    <Modal opened={!!studies} onClose={() => onClose(false)} title="Import" size="xl">
      <Stack>
        {work.error && <Alert color="red" role="alert">{work.error.message}</Alert>}
        <Group grow>
          <ProjectSelect value={project} onChange={setProject} required />
          <Select label="Arrives at" data={open.map((r) => ({ value: String(r.id), label: `${r.aeTitle}:${r.port}` }))} value={chosen ? String(chosen.id) : null} onChange={setReceiver} allowDeselect={false} />
        </Group>
        <Text size="sm" c="dimmed">These labels take the place of the patient’s name and numbers before anything is stored.</Text>
        <Table.ScrollContainer minWidth={600} mah="50vh">
          <Table stickyHeader aria-label="Labels">
            <Table.Thead><Table.Tr><Table.Th>Study</Table.Th><Table.Th>Date</Table.Th><Table.Th>Subject</Table.Th><Table.Th>Session</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {studies?.map((s, i) => (
                <Table.Tr key={s.studyInstanceUid}>
                  <Table.Td>{s.studyDescription || s.accessionNumber}</Table.Td><Table.Td>{s.studyDate}</Table.Td>
                  <Table.Td><TextInput aria-label={`Subject of row ${i + 1}`} value={of(s.studyInstanceUid).subject} onChange={(e) => set(s.studyInstanceUid, { subject: e.currentTarget.value })} /></Table.Td>
                  <Table.Td><TextInput aria-label={`Session of row ${i + 1}`} value={of(s.studyInstanceUid).session} onChange={(e) => set(s.studyInstanceUid, { session: e.currentTarget.value })} /></Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
        <Group justify="flex-end"><Button variant="default" onClick={() => onClose(false)}>Cancel</Button><Button disabled={!isReady} loading={work.isPending} onClick={() => work.mutate()}>Import</Button></Group>
      </Stack>
    </Modal>
  );
}

/** Looks for studies in a PACS; series are asked for one study at a time, when somebody wants to see them (R4). */
export function SearchPacs({ onQueued }: { onQueued: () => void }) {
  const [pacsId, setPacsId] = useState<number | null>(null);
  const [fields, setFields] = useState({ patientId: '', patientName: '', accessionNumber: '', modality: '', studyDateFrom: '', studyDateTo: '' });
  const [looked, setLooked] = useState<Study>();
  const [ordered, setOrdered] = useState<Study[]>();
  const search = useMutation({ mutationFn: () => searchStudies({ pacsId: pacsId!, ...fields }) });
  const choose = useCallback((id: number | null) => setPacsId(id), []);
  const columns = useMemo<Column<Study>[]>(
    () => [
      { id: 'patient', header: 'Patient', value: (s) => s.patient.name },
      { id: 'patientId', header: 'Patient ID', value: (s) => s.patient.id },
      { id: 'accession', header: 'Accession number', value: (s) => s.accessionNumber },
      { id: 'date', header: 'Date', value: (s) => s.studyDate, width: '95px' },
      { id: 'modalities', header: 'Kind', value: (s) => s.modalitiesInStudy.join(', '), width: '80px' },
      { id: 'description', header: 'Study', value: (s) => s.studyDescription, width: '1.5fr' },
      { id: 'images', header: 'Images', value: (s) => s.numberOfStudyRelatedInstances ?? '', width: '65px' },
      { id: 'series', header: '', value: () => '', width: '40px', cell: (s) => <ActionIcon variant="subtle" aria-label="Show series" onClick={() => setLooked(s)}><IconListDetails size={16} /></ActionIcon> },
    ],
    [],
  );
  const field = (name: keyof typeof fields) => ({ value: fields[name], onChange: (e: { currentTarget: { value: string } }) => setFields({ ...fields, [name]: e.currentTarget.value }) });
  const isBlank = Object.values(fields).every((v) => !v.trim());
  return (
    <Stack>
      <Paper withBorder p="md" component="form" onSubmit={(e: FormEvent<HTMLElement>) => { e.preventDefault(); search.mutate(); }}>
        <Group align="flex-end" grow preventGrowOverflow={false}>
          <PacsSelect value={pacsId} onChange={choose} />
          <TextInput label="Accession number" {...field('accessionNumber')} />
          <TextInput label="Patient ID" {...field('patientId')} />
          <TextInput label="Patient name" placeholder="Last, First or with *" {...field('patientName')} />
          <TextInput label="Kind" placeholder="MR, CT, …" {...field('modality')} />
          <TextInput label="From" type="date" {...field('studyDateFrom')} />
          <TextInput label="To" type="date" {...field('studyDateTo')} />
          <Button type="submit" disabled={pacsId === null || isBlank} loading={search.isPending}>Search</Button>
        </Group>
      </Paper>
      {search.error && <Failure error={search.error} />}
      {search.data && (search.data.length === 0 ? <Empty title="The PACS has nothing like it">Try fewer fields, or wildcards (*) in the name.</Empty> : (
        <DataTable
          label="Studies" rows={search.data} columns={columns} rowId={(s) => s.studyInstanceUid} height="50vh"
          actions={(selected) => <Button size="xs" onClick={() => setOrdered(selected)}>Import {selected.length}…</Button>}
        />
      ))}
      <SeriesDialog pacsId={pacsId ?? 0} study={looked} onClose={() => setLooked(undefined)} />
      <ImportDialog pacsId={pacsId ?? 0} studies={ordered} onClose={(done) => { setOrdered(undefined); if (done) onQueued(); }} />
    </Stack>
  );
}
