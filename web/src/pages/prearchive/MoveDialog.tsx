import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { move, type PrearchiveSession } from '../../api/prearchive';
import { ProjectSelect } from '../../components/ProjectSelect';

/** Asks for the project that sessions belong to, and moves them there. */
export function MoveDialog({ sessions, onClose, onMoved }: { sessions: Pick<PrearchiveSession, 'url' | 'label'>[] | undefined; onClose: () => void; onMoved?: () => void }) {
  const [project, setProject] = useState<string | null>(null);
  const client = useQueryClient();
  const moving = useMutation({
    mutationFn: () => move(sessions!.map((s) => s.url), project!),
    onSuccess: () => {
      notifications.show({ message: `Moved to ${project}`, color: 'teal' });
      void client.invalidateQueries({ queryKey: ['prearchive'] });
      onClose();
      onMoved?.();
    },
  });
  return (
    <Modal opened={!!sessions} onClose={onClose} title="Move to another project">
      <Stack>
        {moving.error && <Alert color="red" role="alert">{moving.error.message}</Alert>}
        <Text size="sm">{sessions?.length === 1 ? `Session ${sessions[0]!.label}` : `${sessions?.length} sessions`}</Text>
        <ProjectSelect value={project} onChange={setProject} required />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button disabled={!project} loading={moving.isPending} onClick={() => moving.mutate()}>Move</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
