import { Badge, Button, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from 'react-router';
import { path } from '../../api/http';
import { item } from '../../api/tables';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { Fields } from '../../components/Fields';
import { HistoryPanel } from '../../components/HistoryPanel';
import { PageHeading } from '../../components/PageHeading';
import { ViewVolumes } from '../../components/ViewVolumes';
import { plainType } from '../../words';
import { FileTable } from './scan/FileTable';
import { Frames } from './scan/Frames';
import { HeaderTable } from './scan/HeaderTable';
import { qualityColour } from './session/qualities';

const details: [string, string][] = [
  ['series_description', 'Series'], ['type', 'Type'], ['start_date', 'Date'], ['startTime', 'Time'], ['frames', 'Images'], ['parameters/te', 'Echo time (ms)'], ['parameters/tr', 'Repetition time (ms)'],
  ['parameters/ti', 'Inversion time (ms)'], ['parameters/flip', 'Flip angle (°)'], ['parameters/voxelRes/x', 'Voxel x (mm)'], ['parameters/voxelRes/y', 'Voxel y (mm)'], ['parameters/voxelRes/z', 'Voxel z (mm)'],
  ['parameters/scanSequence', 'Sequence'], ['parameters/imageType', 'Image type'], ['coil', 'Coil'], ['fieldStrength', 'Field strength (T)'], ['scanner/manufacturer', 'Manufacturer'], ['scanner/model', 'Model'],
  ['UID', 'Series Instance UID'],
];

/** A scan: its pictures, its header, its files, and what is known of it. */
export default function ScanPage() {
  const { project = '', experiment = '', scan = '', tab = 'pictures' } = useParams();
  const navigate = useNavigate();
  const session = path`/projects/${project}/experiments/${experiment}`;
  const place = session + path`/scans/${scan}`;
  const address = `/data${place}`;
  const { data, error, refetch } = useQuery({ queryKey: ['scan', project, experiment, scan], queryFn: ({ signal }) => item(address, signal) });
  const whole = useQuery({ queryKey: ['experiment', project, experiment], queryFn: ({ signal }) => item(`/data${session}`, signal) });
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton h={300} />;
  const fields = data.data_fields;
  const study = whole.data?.data_fields.UID;
  const quality = fields.quality === undefined ? undefined : String(fields.quality);
  return (
    <>
      <PageHeading
        title={`Scan ${scan}`}
        trail={[{ label: 'Projects', to: '/' }, { label: project, to: path`/projects/${project}` }, { label: experiment, to: session }]}
        note={<>{[fields.series_description ?? fields.type, plainType(data.meta['xsi:type'])].filter(Boolean).join(' · ')} {quality && <Badge ml={6} variant="light" color={qualityColour(quality)}>{quality}</Badge>}</>}
        actions={
          <>
            <ViewVolumes project={project} experiment={experiment} address={address} />
            <Button component="a" href={`${address}/files?format=zip`} variant="default" leftSection={<IconDownload size={16} />}>Download</Button>
          </>
        }
      />
      {fields.note && <Text size="sm" mb="md">Note: {fields.note}</Text>}
      <Tabs value={tab} onChange={(next) => void navigate(place + (next === 'pictures' ? '' : `/${next}`))} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="pictures">Pictures</Tabs.Tab>
          <Tabs.Tab value="header">Header</Tabs.Tab>
          <Tabs.Tab value="files">Files</Tabs.Tab>
          <Tabs.Tab value="details">Details</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="pictures">
          {whole.isPending ? <Skeleton h={400} /> : study && fields.UID ? <Frames project={project} study={String(study)} series={String(fields.UID)} />
            : <Empty title="No pictures of this scan">It did not come as DICOM, so there is nothing to show here. Its files can be downloaded.</Empty>}
        </Tabs.Panel>
        <Tabs.Panel value="header">{whole.data ? <HeaderTable session={String(whole.data.data_fields.ID)} scan={scan} /> : <Skeleton h={300} />}</Tabs.Panel>
        <Tabs.Panel value="files"><FileTable project={project} experiment={experiment} address={address} /></Tabs.Panel>
        <Tabs.Panel value="details">
          <Stack>
            <Fields label="Details" rows={details.map(([key, name]) => [name, fields[key]] as const)} />
            <HistoryPanel address={address} />
          </Stack>
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
