import { ActionIcon, Center, Group, Image, Skeleton, Slider, Stack, Text } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { instancesOf, pictureOf } from '../../../api/dicomweb';
import { RequestFailed } from '../../../api/http';
import { Empty } from '../../../components/Empty';
import { Failure } from '../../../components/Failure';

interface Properties {
  project: string;
  study: string;
  series: string;
}

/** The pictures of a scan, one after the other; arrow keys and the slider go through them. */
export function Frames({ project, study, series }: Properties) {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['instances', project, study, series], queryFn: ({ signal }) => instancesOf(project, study, series, signal), retry: false });
  const pictures = useMemo(() => (data ?? []).flatMap((i) => Array.from({ length: i.frames }, (_, f) => pictureOf(project, study, series, i.uid, f + 1))), [data, project, study, series]);
  const [at, setAt] = useState(0);
  const [failed, setFailed] = useState<string>();
  useEffect(() => setAt(Math.floor(pictures.length / 2)), [pictures]);
  const go = (by: number) => setAt((now) => Math.min(Math.max(now + by, 0), Math.max(pictures.length - 1, 0)));
  useHotkeys([['ArrowRight', () => go(1)], ['ArrowLeft', () => go(-1)], ['PageDown', () => go(10)], ['PageUp', () => go(-10)]]);
  const shown = pictures[at];
  const ahead = [pictures[at + 1], pictures[at - 1]].filter((p) => p !== undefined);
  useEffect(() => {
    for (const address of ahead) new window.Image().src = address;
  }, [ahead.join()]);
  if (error) {
    return error instanceof RequestFailed && (error.status === 404 || error.status === 405)
      ? <Empty title="No pictures of this scan">Its files can be downloaded, and its header read.</Empty> : <Failure error={error} retry={() => void refetch()} />;
  }
  if (isPending) return <Skeleton h={400} />;
  if (!shown) return <Empty title="No images in this scan">Its files can be downloaded.</Empty>;
  return (
    <Stack gap="xs" maw={760}>
      <Center className="picture" h="55vh" style={{ borderRadius: 8 }}>
        {failed === shown ? <Text c="gray.4" size="sm">This image cannot be shown as a picture.</Text>
          : <Image src={shown} alt={`Image ${at + 1} of ${pictures.length}`} h="55vh" fit="contain" onError={() => setFailed(shown)} />}
      </Center>
      <Group wrap="nowrap">
        <ActionIcon variant="default" aria-label="Previous image" disabled={at === 0} onClick={() => go(-1)}><IconChevronLeft size={16} /></ActionIcon>
        <Slider flex={1} min={1} max={Math.max(pictures.length, 2)} disabled={pictures.length < 2} value={at + 1} onChange={(v) => setAt(Math.min(v, pictures.length) - 1)} label={null} thumbLabel="Image" />
        <ActionIcon variant="default" aria-label="Next image" disabled={at >= pictures.length - 1} onClick={() => go(1)}><IconChevronRight size={16} /></ActionIcon>
        <Text size="sm" aria-live="polite" w={110} ta="right">{at + 1} of {pictures.length}</Text>
      </Group>
    </Stack>
  );
}
