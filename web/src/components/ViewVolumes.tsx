import { Button, Menu } from '@mantine/core';
import { IconCube3dSphere } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { path } from '../api/http';
import { table } from '../api/tables';
import { volumePlace } from '../api/volumes';

// Folders of images as they came hold no volumes, and may hold thousands of files.
const withoutVolumes = /^(DICOM|secondary|SNAPSHOTS)$/i;

/** Opens the NIfTI volumes of a scan or a session; nothing where there are none. */
export function ViewVolumes({ project, experiment, address }: { project: string; experiment: string; address: string }) {
  const { data } = useQuery({
    queryKey: ['files', address, 'volumes'],
    queryFn: async ({ signal }) => {
      const folders = (await table(`${address}/resources`, {}, signal)).filter((r) => !withoutVolumes.test(r.label ?? ''));
      return (await Promise.all(folders.map((r) => table(address + path`/resources/${r.label ?? ''}/files`, {}, signal)))).flat();
    },
  });
  const volumes = (data ?? []).flatMap((f) => {
    const to = volumePlace(project, experiment, f.URI);
    return to ? [{ to, name: f.Name }] : [];
  });
  if (volumes.length === 0) return null;
  const icon = <IconCube3dSphere size={16} />;
  if (volumes.length === 1) return <Button component={Link} to={volumes[0]!.to} leftSection={icon}>View volume</Button>;
  return (
    <Menu position="bottom-end">
      <Menu.Target><Button leftSection={icon}>View volumes</Button></Menu.Target>
      <Menu.Dropdown>
        {volumes.map(({ to, name }) => <Menu.Item key={to} component={Link} to={to}>{name}</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  );
}
