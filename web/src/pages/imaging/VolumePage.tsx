import { Button, Group, Progress, RangeSlider, SegmentedControl, Select, Slider, Stack, Switch, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useEffect, useState, type KeyboardEvent } from 'react';
import { useParams } from 'react-router';
import { path } from '../../api/http';
import { Failure } from '../../components/Failure';
import { Fields } from '../../components/Fields';
import { PageHeading } from '../../components/PageHeading';
import { useVolume, type View } from './volume/useVolume';

const viewNames: { value: View; label: string }[] = [
  { value: 'multi', label: 'All planes' }, { value: 'axial', label: 'Axial' }, { value: 'coronal', label: 'Coronal' }, { value: 'sagittal', label: 'Sagittal' }, { value: 'render', label: '3D' },
];
const colours = [
  { value: 'gray', label: 'Grey' }, { value: 'hot', label: 'Hot' }, { value: 'viridis', label: 'Viridis' }, { value: 'plasma', label: 'Plasma' }, { value: 'winter', label: 'Winter' }, { value: 'random', label: 'Labels' },
];
const steps: Record<string, [number, number, number]> = { ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, 1, 0], ArrowDown: [0, -1, 0], PageUp: [0, 0, 1], PageDown: [0, 0, -1] };

/** A NIfTI volume of a session or scan, in planes and in space (R28). */
export default function VolumePage() {
  const { project = '', experiment = '', '*': rest = '' } = useParams();
  const session = path`/projects/${project}/experiments/${experiment}`;
  const parts = rest.split('/');
  const name = parts.at(-1) ?? '';
  const scan = parts[0] === 'scans' ? parts[1] : undefined;
  const address = `/data${session}/${parts.map(encodeURIComponent).join('/')}`;
  const { canvas, progress, facts, place, error, retry, setView, setColours, setSmooth, setFrame, setWindow, step, turn } = useVolume(address, name);
  const [view, keepView] = useState<View>('multi');
  const [window, keepWindow] = useState<[number, number]>([0, 1]);
  useEffect(() => {
    if (!facts) return;
    keepWindow(facts.window);
    keepView('multi');
  }, [facts]);

  function key(event: KeyboardEvent) {
    // The library's own keys are many and not written down here: one of them would surprise.
    if (event.key !== 'Tab') event.stopPropagation();
    const by = steps[event.key];
    if (!by) return;
    event.preventDefault();
    if (view === 'render') turn(by[0] * 5, by[1] * 5);
    else step(...by);
  }

  const grain = facts ? (facts.highest - facts.lowest) / 200 || 0.01 : 1;
  return (
    <>
      <PageHeading
        title={name}
        trail={[
          { label: 'Projects', to: '/' }, { label: project, to: path`/projects/${project}` }, { label: experiment, to: session },
          ...(scan === undefined ? [{ label: 'Files', to: `${session}/files` }] : [{ label: `Scan ${scan}`, to: session + path`/scans/${scan}` }]),
        ]}
        note="NIfTI volume"
        actions={<Button component="a" href={address} variant="default" leftSection={<IconDownload size={16} />}>Download</Button>}
      />
      {error && <Failure error={error} retry={retry} />}
      <Stack gap="sm" display={error ? 'none' : undefined}>
        <Group gap="md" align="flex-end">
          <SegmentedControl aria-label="View" data={viewNames} value={view} disabled={!facts} onChange={(next) => { keepView(next as View); setView(next as View); }} />
          <Select aria-label="Colours" data={colours} defaultValue="gray" allowDeselect={false} disabled={!facts} w={120} onChange={(next) => next && setColours(next)} />
          <Switch label="Smooth" defaultChecked disabled={!facts} onChange={(e) => setSmooth(e.currentTarget.checked)} mb={8} />
        </Group>
        {!facts && <Progress value={progress * 100} animated aria-label="Reading the volume" />}
        {/* The library makes the canvas as large as what it stands in. */}
        <div className="volume" onKeyDownCapture={key} onKeyUpCapture={(e) => e.stopPropagation()}>
          <canvas ref={canvas} tabIndex={0} role="application" aria-label={`Volume ${name}`} aria-describedby="volume-keys" data-ready={!!facts} />
        </div>
        <Group justify="space-between">
          <Text size="sm" role="status" aria-live="off">{place ? `${place.value} at voxel ${place.voxel}, ${place.millimetres} mm` : ' '}</Text>
          <Text size="xs" c="dimmed" id="volume-keys">Click or drag to move the cross; arrow keys and Page Up/Down move it too, and turn the volume in 3D. The wheel goes through slices.</Text>
        </Group>
        {facts && (
          <Group align="flex-start" grow>
            <Stack gap="md">
              <div>
                <Text size="sm" fw={500}>Window: {Number(window[0].toPrecision(5))} to {Number(window[1].toPrecision(5))}</Text>
                <RangeSlider
                  min={facts.lowest} max={facts.highest} step={grain} minRange={grain} label={null} value={window} thumbFromLabel="Darkest value" thumbToLabel="Brightest value"
                  onChange={(next) => { keepWindow(next); setWindow(next); }}
                />
              </div>
              {facts.frames > 1 && (
                <div>
                  <Text size="sm" fw={500}>Volume in the series</Text>
                  <Slider min={1} max={facts.frames} defaultValue={1} thumbLabel="Volume in the series" onChange={(n) => setFrame(n - 1)} />
                </div>
              )}
            </Stack>
            <Fields label="The volume" rows={[['Size (voxels)', facts.size], ['Voxel (mm)', facts.voxel], ['Values', `${facts.type}, ${Number(facts.lowest.toPrecision(5))} to ${Number(facts.highest.toPrecision(5))}`], ['Volumes', facts.frames > 1 ? String(facts.frames) : undefined]]} />
          </Group>
        )}
      </Stack>
    </>
  );
}
