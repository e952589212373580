import { Alert, Button, Group, Modal, Select, Stack, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useNavigate } from 'react-router';
import { path, put } from '../../api/http';

const levels = [
  { value: 'private', label: 'Private: members only' },
  { value: 'protected', label: 'Protected: everybody sees that it exists' },
  { value: 'public', label: 'Public: everybody may read its data' },
];

/** Asks for what a project needs and makes it. */
export function NewProject({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [id, setId] = useState('');
  const [title, setTitle] = useState('');
  const [description, setDescription] = useState('');
  const [accessibility, setAccessibility] = useState('private');
  const [problem, setProblem] = useState<string>();
  const navigate = useNavigate();
  const client = useQueryClient();

  async function submit(event: FormEvent) {
    event.preventDefault();
    setProblem(undefined);
    try {
      // In the body: what people type does not belong into addresses.
      await put(path`/data/projects/${id}`, new URLSearchParams({ name: title || id, secondary_ID: id, description }));
      await put(path`/data/projects/${id}/accessibility/${accessibility}`);
      await client.invalidateQueries({ queryKey: ['table', '/data/projects'] });
      onClose();
      void navigate(path`/projects/${id}`);
    } catch (e) {
      setProblem(e instanceof Error ? e.message : 'The project could not be made.');
    }
  }

  return (
    <Modal opened={opened} onClose={onClose} title="New project">
      <form onSubmit={(e) => void submit(e)}>
        <Stack>
          {problem && <Alert color="red" role="alert">{problem}</Alert>}
          <TextInput
            label="ID" description="Short and for good: letters, digits, - and _. It stands in folder names and is never used again." required pattern="[A-Za-z0-9_\-]+"
            value={id} onChange={(e) => setId(e.currentTarget.value)} data-autofocus
          />
          <TextInput label="Title" value={title} onChange={(e) => setTitle(e.currentTarget.value)} />
          <Textarea label="Description" autosize minRows={2} value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
          <Select label="Who may see it" data={levels} value={accessibility} onChange={(v) => setAccessibility(v ?? 'private')} allowDeselect={false} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>Cancel</Button>
            <Button type="submit">Make project</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
