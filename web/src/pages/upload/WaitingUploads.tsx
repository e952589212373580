import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { removeUpload, waitingUploads } from '../../api/parts';
import { plainMoment, plainSize } from '../../words';

/** Large files that broke off: what is here of them, and how to go on. */
export function WaitingUploads() {
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: ['waiting-uploads'], queryFn: ({ signal }) => waitingUploads(signal), refetchOnMount: 'always' });
  const removing = useMutation({ mutationFn: removeUpload, onSettled: () => client.invalidateQueries({ queryKey: ['waiting-uploads'] }) });
  if (!data || data.length === 0) return null;
  return (
    <Alert color="yellow" title={data.length === 1 ? 'An upload was not finished' : `${data.length} uploads were not finished`} role="status">
      <Stack gap="xs">
        <Text size="sm">Choose the same file once more and press Upload: it goes on where it broke off, in this browser.</Text>
        {data.map((upload) => (
          <Group key={upload.id} gap="md">
            <Text size="sm">{plainSize(upload.offset)} of {plainSize(upload.length)} are here, last at {plainMoment(upload.changed)}; kept until {new Date(upload.expires).toLocaleDateString('en-GB')}</Text>
            <Button size="compact-xs" variant="default" loading={removing.isPending && removing.variables === upload.id} aria-label={`Discard the upload of ${plainSize(upload.length)}`} onClick={() => removing.mutate(upload.id)}>Discard</Button>
          </Group>
        ))}
      </Stack>
    </Alert>
  );
}
