import { Alert, Button, Group, Paper, Stack, TextInput } from '@mantine/core';
import { useCallback, useMemo, useState, type FormEvent } from 'react';
import type { Study } from '../../api/dqr';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { ImportDialog } from './ImportDialog';
import { PacsSelect } from './PacsSelect';
import { SeriesDialog } from './SeriesDialog';
import { useStudySearch } from './useStudySearch';

const blank = { patientId: '', patientName: '', accessionNumber: '', modality: '', studyDateFrom: '', studyDateTo: '' };

/** Looks for studies in a PACS; results are shown as they come, series are asked for one study at a time (R4). */
export function SearchPacs({ onQueued }: { onQueued: () => void }) {
  const [pacsId, setPacsId] = useState<number | null>(null);
  const [fields, setFields] = useState(blank);
  const [looked, setLooked] = useState<Study>();
  const [ordered, setOrdered] = useState<Study[]>();
  const [series, setSeries] = useState<Record<string, string[] | undefined>>({});
  const { studies, end, isRunning, error, start, stop } = useStudySearch();
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
      {
        id: 'series', header: '', value: () => '', width: '120px',
        cell: (s) => <Button size="compact-xs" variant="subtle" onClick={() => setLooked(s)}>{series[s.studyInstanceUid] ? `${series[s.studyInstanceUid]!.length} series` : 'Show series'}</Button>,
      },
    ],
    [series],
  );
  const field = (name: keyof typeof fields) => ({ value: fields[name], onChange: (e: { currentTarget: { value: string } }) => setFields({ ...fields, [name]: e.currentTarget.value }) });
  const isBlank = Object.values(fields).every((v) => !v.trim());
  // A study of which no series was chosen is left out.
  const wanted = (chosen: Study[]) => chosen.filter((s) => series[s.studyInstanceUid]?.length !== 0);
  function search(event: FormEvent<HTMLElement>) {
    event.preventDefault();
    setSeries({});
    void start({ pacsId: pacsId!, ...fields });
  }
  return (
    <Stack>
      <Paper withBorder p="md" component="form" onSubmit={search}>
        <Group align="flex-end" grow preventGrowOverflow={false}>
          <PacsSelect value={pacsId} onChange={choose} />
          <TextInput label="Accession number" {...field('accessionNumber')} />
          <TextInput label="Patient ID" {...field('patientId')} />
          <TextInput label="Patient name" placeholder="Last, First or with *" {...field('patientName')} />
          <TextInput label="Kind" placeholder="MR, CT, …" {...field('modality')} />
          <TextInput label="From" type="date" {...field('studyDateFrom')} />
          <TextInput label="To" type="date" {...field('studyDateTo')} />
          {isRunning ? <Button type="button" color="orange" onClick={stop}>Stop</Button> : <Button type="submit" disabled={pacsId === null || isBlank}>Search</Button>}
        </Group>
      </Paper>
      {!!error && <Failure error={error} />}
      {end?.problem && <Alert color="orange" role="status" title="These are not all">{end.problem}</Alert>}
      {end?.isLimited && <Alert color="orange" role="status" title="There are more">Only the first {end.count.toLocaleString('en-GB')} studies are shown. Narrow the search by date, kind or name.</Alert>}
      {studies.length > 0 ? (
        <DataTable
          label="Studies" rows={studies} columns={columns} rowId={(s) => s.studyInstanceUid} height="50vh" isGrowing={isRunning}
          actions={(selected) => <Button size="xs" disabled={wanted(selected).length === 0} onClick={() => setOrdered(wanted(selected))}>Import {wanted(selected).length}…</Button>}
        />
      ) : end && !end.problem ? <Empty title="The PACS has nothing like it">Try fewer fields, or wildcards (*) in the name.</Empty> : null}
      <SeriesDialog
        pacsId={pacsId ?? 0} study={looked} chosen={looked && series[looked.studyInstanceUid]} onClose={() => setLooked(undefined)}
        onChoose={(chosen) => looked && setSeries({ ...series, [looked.studyInstanceUid]: chosen })}
      />
      <ImportDialog pacsId={pacsId ?? 0} studies={ordered} series={series} onClose={(done) => { setOrdered(undefined); if (done) onQueued(); }} />
    </Stack>
  );
}
