import { Anchor, Badge, Skeleton, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { getText, path } from '../../api/http';
import { item, type Row } from '../../api/tables';
import { useTable } from '../../api/useTable';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { PageHeading } from '../../components/PageHeading';
import { plainType } from '../../words';

const Manage = lazy(() => import('./manage/Manage'));

function Subjects({ project }: { project: string }) {
  const { rows, isPending, isGrowing, error, refetch } = useTable(path`/data/projects/${project}/subjects`, { columns: 'ID,label,gender,yob,insert_date' });
  const columns: Column<Row>[] = [
    { id: 'label', header: 'Subject', value: (r) => r.label ?? '', cell: (r) => <Anchor component={Link} size="sm" to={path`/projects/${project}/subjects/${r.label ?? ''}`}>{r.label}</Anchor> },
    { id: 'gender', header: 'Sex', value: (r) => r.gender ?? '' },
    { id: 'insert_date', header: 'Added', value: (r) => (r.insert_date ?? '').slice(0, 16) },
    { id: 'ID', header: 'Accession', value: (r) => r.ID ?? '' },
  ];
  if (error) return <Failure error={error} retry={refetch} />;
  if (isPending) return <Skeleton h={300} />;
  if (rows.length === 0) return <Empty title="No subjects yet">Subjects appear with the first images: send them from a scanner or PACS, or upload files.</Empty>;
  return <DataTable label="Subjects" rows={rows} columns={columns} rowId={(r) => r.ID ?? ''} isGrowing={isGrowing} />;
}

function Experiments({ project }: { project: string }) {
  const { rows, isPending, isGrowing, error, refetch } = useTable(path`/data/projects/${project}/experiments`, { columns: 'ID,label,date,xsiType,subject_label,insert_date' });
  const columns: Column<Row>[] = [
    { id: 'label', header: 'Session', value: (r) => r.label ?? '', cell: (r) => <Anchor component={Link} size="sm" to={path`/projects/${project}/experiments/${r.label ?? ''}`}>{r.label}</Anchor> },
    { id: 'subject', header: 'Subject', value: (r) => r.subject_label ?? '', cell: (r) => <Anchor component={Link} size="sm" to={path`/projects/${project}/subjects/${r.subject_label ?? ''}`}>{r.subject_label}</Anchor> },
    { id: 'type', header: 'Kind', value: (r) => plainType(r.xsiType ?? '') },
    { id: 'date', header: 'Date', value: (r) => r.date ?? '' },
    { id: 'insert_date', header: 'Added', value: (r) => (r.insert_date ?? '').slice(0, 16) },
  ];
  if (error) return <Failure error={error} retry={refetch} />;
  if (isPending) return <Skeleton h={300} />;
  if (rows.length === 0) return <Empty title="No sessions yet">Sessions come from the prearchive once they are archived.</Empty>;
  return <DataTable label="Sessions" rows={rows} columns={columns} rowId={(r) => r.ID ?? ''} isGrowing={isGrowing} initialSort={[{ id: 'insert_date', desc: true }]} />;
}

export default function ProjectPage() {
  const { project = '', '*': tab = '' } = useParams();
  const navigate = useNavigate();
  const { data, error, refetch } = useQuery({ queryKey: ['project', project], queryFn: ({ signal }) => item(path`/data/projects/${project}`, signal) });
  const accessibility = useQuery({ queryKey: ['project', project, 'accessibility'], queryFn: ({ signal }) => getText(path`/data/projects/${project}/accessibility`, signal) });
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  const name = String(data?.data_fields.name ?? project);
  return (
    <>
      <PageHeading
        title={name} trail={[{ label: 'Projects', to: '/' }]}
        note={<>{project} {accessibility.data && <Badge variant="light" ml={6}>{accessibility.data}</Badge>} {data?.data_fields.description}</>}
      />
      <Tabs value={tab || 'sessions'} onChange={(next) => void navigate(path`/projects/${project}` + (next === 'sessions' ? '' : `/${next}`))} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="sessions">Sessions</Tabs.Tab>
          <Tabs.Tab value="subjects">Subjects</Tabs.Tab>
          <Tabs.Tab value="manage">Manage</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="sessions"><Experiments project={project} /></Tabs.Panel>
        <Tabs.Panel value="subjects"><Subjects project={project} /></Tabs.Panel>
        <Tabs.Panel value="manage"><Suspense fallback={<Skeleton h={300} />}><Manage project={project} /></Suspense></Tabs.Panel>
      </Tabs>
    </>
  );
}
