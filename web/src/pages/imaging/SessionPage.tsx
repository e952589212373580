import { Anchor, Button, Skeleton, Tabs } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from 'react-router';
import { path } from '../../api/http';
import { children, item } from '../../api/tables';
import { useRights } from '../../api/useRights';
import { Failure } from '../../components/Failure';
import { HistoryPanel } from '../../components/HistoryPanel';
import { PageHeading } from '../../components/PageHeading';
import { ViewInBrowser } from '../../components/ViewInBrowser';
import { ViewVolumes } from '../../components/ViewVolumes';
import { plainType } from '../../words';
import { AssessorTable } from './session/AssessorTable';
import { ResourcePanel } from './session/ResourcePanel';
import { ScanTable } from './session/ScanTable';
import { SessionDetails } from './session/SessionDetails';

/** A session: its scans, files, what was made from it, its details and its history. */
export default function SessionPage() {
  const { project = '', experiment = '', tab = 'scans' } = useParams();
  const navigate = useNavigate();
  const rights = useRights(project);
  const address = path`/data/projects/${project}/experiments/${experiment}`;
  const { data, error, refetch } = useQuery({ queryKey: ['experiment', project, experiment], queryFn: ({ signal }) => item(address, signal) });
  const subject = String(data?.data_fields.subject_ID ?? '');
  const person = useQuery({ queryKey: ['subject', project, subject], queryFn: ({ signal }) => item(path`/data/projects/${project}/subjects/${subject}`, signal), enabled: subject !== '' });
  const subjectLabel = String(person.data?.data_fields.label ?? subject);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton h={300} />;
  const fields = data.data_fields;
  const scanner = [fields['scanner/manufacturer'], fields['scanner/model']].filter(Boolean).join(' ');
  const scans = children(data, 'scans/scan').length;
  return (
    <>
      <PageHeading
        title={String(fields.label ?? experiment)}
        trail={[{ label: 'Projects', to: '/' }, { label: project, to: path`/projects/${project}` }]}
        note={<>{[plainType(data.meta['xsi:type']), fields.date, scanner, `${scans} ${scans === 1 ? 'scan' : 'scans'}`].filter(Boolean).join(' · ')}{subject && <> · <Anchor component={Link} size="sm" underline="always" to={path`/projects/${project}/subjects/${subjectLabel}`}>Subject {subjectLabel}</Anchor></>}</>}
        actions={
          <>
            <ViewVolumes project={project} experiment={experiment} address={address} />
            <ViewInBrowser project={project} experiment={experiment} />
            <Button component={Link} to={path`/projects/${project}/download/${experiment}`} variant="default" leftSection={<IconDownload size={16} />}>Download…</Button>
          </>
        }
      />
      <Tabs value={tab} onChange={(next) => void navigate(path`/projects/${project}/experiments/${experiment}` + (next === 'scans' ? '' : `/${next}`))} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="scans">Scans</Tabs.Tab>
          <Tabs.Tab value="files">Files</Tabs.Tab>
          <Tabs.Tab value="assessors">Made from it</Tabs.Tab>
          <Tabs.Tab value="details">Details</Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="scans"><ScanTable project={project} experiment={experiment} address={address} studyUid={fields.UID ? String(fields.UID) : undefined} rights={rights} /></Tabs.Panel>
        <Tabs.Panel value="files"><ResourcePanel project={project} experiment={experiment} address={address} rights={rights} /></Tabs.Panel>
        <Tabs.Panel value="assessors"><AssessorTable address={address} /></Tabs.Panel>
        <Tabs.Panel value="details"><SessionDetails session={data} project={project} address={address} rights={rights} /></Tabs.Panel>
        <Tabs.Panel value="history"><HistoryPanel address={address} /></Tabs.Panel>
      </Tabs>
    </>
  );
}
