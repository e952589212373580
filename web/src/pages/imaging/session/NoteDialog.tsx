import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Row } from '../../../api/tables';

/** A note on a scan, for everybody who reads the session. */
export function NoteDialog({ scan, isPending, onSave, onClose }: { scan: Row | undefined; isPending: boolean; onSave: (note: string) => void; onClose: () => void }) {
  const [note, setNote] = useState('');
  useEffect(() => setNote(scan?.note ?? ''), [scan]);
  return (
    <Modal opened={!!scan} onClose={onClose} title={`Note on scan ${scan?.ID ?? ''}`}>
      <Stack>
        <Textarea aria-label="Note" autosize minRows={3} maxLength={255} value={note} onChange={(e) => setNote(e.currentTarget.value)} data-autofocus />
        <Text size="xs" c="dimmed">Everybody who may read the session sees it. Name no patient.</Text>
        <Group justify="flex-end"><Button variant="default" onClick={onClose}>Cancel</Button><Button loading={isPending} onClick={() => onSave(note.trim())}>Save</Button></Group>
      </Stack>
    </Modal>
  );
}
