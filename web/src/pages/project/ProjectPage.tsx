import { Badge, Skeleton, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { useNavigate, useParams } from 'react-router';
import { getText, path } from '../../api/http';
import { item } from '../../api/tables';
import { useRights } from '../../api/useRights';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { HistoryPanel } from '../../components/HistoryPanel';
import { PageHeading } from '../../components/PageHeading';
import { Sessions } from './Sessions';
import { Subjects } from './Subjects';

const Manage = lazy(() => import('./manage/Manage'));

/** A project: its sessions and subjects, what was changed, and for owners what they decide. */
export default function ProjectPage() {
  const { project = '', '*': tab = '' } = useParams();
  const navigate = useNavigate();
  const rights = useRights(project);
  const address = path`/data/projects/${project}`;
  const { data, error, refetch } = useQuery({ queryKey: ['project', project], queryFn: ({ signal }) => item(address, signal) });
  const accessibility = useQuery({ queryKey: ['project', project, 'accessibility'], queryFn: ({ signal }) => getText(`${address}/accessibility`, signal) });
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
          <Tabs.Tab value="history">History</Tabs.Tab>
          {rights.isOwner && <Tabs.Tab value="manage">Manage</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="sessions"><Sessions project={project} rights={rights} /></Tabs.Panel>
        <Tabs.Panel value="subjects"><Subjects project={project} /></Tabs.Panel>
        <Tabs.Panel value="history"><HistoryPanel address={address} /></Tabs.Panel>
        {rights.isOwner && <Tabs.Panel value="manage"><Suspense fallback={<Skeleton h={300} />}><Manage project={project} /></Suspense></Tabs.Panel>}
        {rights.isKnown && !rights.isOwner && tab.startsWith('manage') && <Empty title="Owners manage a project">You may not. Ask an owner of the project for what you need, or to be made one.</Empty>}
      </Tabs>
    </>
  );
}
