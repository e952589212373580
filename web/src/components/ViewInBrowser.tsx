import { Button } from '@mantine/core';
import { IconEye } from '@tabler/icons-react';
import { path } from '../api/http';

/** Opens a session's images in the viewer, in a tab of its own. */
export function ViewInBrowser({ project, experiment }: { project: string; experiment: string }) {
  return (
    <Button component="a" href={path`/viewer/projects/${project}/experiments/${experiment}`} target="_blank" rel="noopener" leftSection={<IconEye size={16} />}>
      View images
    </Button>
  );
}
