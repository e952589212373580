import { Anchor, Button, FileButton, Group, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { path, put, remove } from '../../../api/http';
import { table, type Row } from '../../../api/tables';
import type { Rights } from '../../../api/useRights';
import { useTable } from '../../../api/useTable';
import { volumePlace } from '../../../api/volumes';
import { useConfirmation } from '../../../components/Confirmation';
import { Empty } from '../../../components/Empty';
import { Failure } from '../../../components/Failure';
import { plainSize } from '../../../words';

const placeOf = (row: Row) => (row.category === 'scans' ? `Scan ${row.cat_id}` : row.category === 'assessors' ? `Assessor ${row.cat_id}` : row.category === 'resources' || !row.category ? 'Session' : `${row.category} ${row.cat_id ?? ''}`);

const addressOf = (session: string, row: Row) =>
  (row.category === 'scans' || row.category === 'assessors' ? `${session}${path`/${row.category}/${row.cat_id ?? ''}`}` : session) + path`/resources/${row.label ?? ''}`;

interface Place {
  project: string;
  experiment: string;
  address: string;
}

function FileList({ project, experiment, address }: Place) {
  const { data, error } = useQuery({ queryKey: ['files', address], queryFn: ({ signal }) => table(`${address}/files`, {}, signal) });
  if (error) return <Failure error={error} />;
  return (
    <Stack gap={2} pl="md">
      {(data ?? []).slice(0, 200).map((f) => {
        const volume = volumePlace(project, experiment, f.URI);
        return (
          <Group key={f.URI} gap="md">
            <Anchor size="sm" href={f.URI}>{f.Name}</Anchor><Text size="xs" c="dimmed">{plainSize(Number(f.Size || 0))}</Text>
            {volume && <Anchor component={Link} size="sm" to={volume} aria-label={`View ${f.Name}`}>View</Anchor>}
          </Group>
        );
      })}
      {(data ?? []).length > 200 && <Text size="sm" c="dimmed">and {(data!.length - 200).toLocaleString('en-GB')} more, in the download</Text>}
    </Stack>
  );
}

/** All folders of files that belong to a session; files can be added to one. */
export function ResourcePanel({ project, experiment, address, rights }: Place & { rights: Rights }) {
  const client = useQueryClient();
  const resources = useTable(`${address}/resources`, { all: true, file_stats: true });
  const [opened, setOpened] = useState<string>();
  const [into, setInto] = useState('');
  const [at, setAt] = useState<string | null>('');
  const [confirm, confirmation] = useConfirmation();
  const settle = () => Promise.all([client.invalidateQueries({ queryKey: ['table', `${address}/resources`] }), client.invalidateQueries({ queryKey: ['files'] })]);
  const adding = useMutation({
    mutationFn: async (files: File[]) => {
      const folder = `${address}${at ? path`/scans/${at}` : ''}${path`/resources/${into.trim()}`}`;
      for (const file of files) await put(`${folder}${path`/files/${file.name}`}`, file, 'application/octet-stream');
    },
    onSettled: settle,
  });
  const removing = useMutation({ mutationFn: (folder: string) => remove(`${folder}?removeFiles=true`), onSettled: settle });
  const scans = [...new Set(resources.rows.filter((r) => r.category === 'scans').map((r) => r.cat_id ?? ''))];
  if (resources.error) return <Failure error={resources.error} retry={resources.refetch} />;
  return (
    <Stack>
      {(adding.error ?? removing.error) && <Failure error={adding.error ?? removing.error} />}
      {resources.rows.length === 0 && !resources.isPending ? <Empty title="No files yet">Files that belong to the session, such as reports or converted volumes, can be added here.</Empty> : (
        <Table.ScrollContainer minWidth={640}>
          <Table aria-label="Folders of files" verticalSpacing="xs">
            <Table.Thead><Table.Tr><Table.Th>Of</Table.Th><Table.Th>Folder</Table.Th><Table.Th>Format</Table.Th><Table.Th>Files</Table.Th><Table.Th>Size</Table.Th><Table.Th aria-label="Actions" /></Table.Tr></Table.Thead>
            <Table.Tbody>
              {resources.rows.map((r) => {
                const folder = addressOf(address, r);
                return (
                  <Table.Tr key={r.xnat_abstractresource_id}>
                    <Table.Td>{placeOf(r)}</Table.Td>
                    <Table.Td>
                      <Anchor component="button" size="sm" aria-expanded={opened === folder} onClick={() => setOpened(opened === folder ? undefined : folder)}>{r.label}</Anchor>
                      {opened === folder && <FileList project={project} experiment={experiment} address={folder} />}
                    </Table.Td>
                    <Table.Td>{r.format}</Table.Td><Table.Td>{r.file_count}</Table.Td><Table.Td>{plainSize(Number(r.file_size || 0))}</Table.Td>
                    <Table.Td>
                      <Group gap={4} wrap="nowrap">
                        <Button size="compact-xs" variant="subtle" component="a" href={`${folder}/files?format=zip`} leftSection={<IconDownload size={12} />} aria-label={`Download ${r.label} of ${placeOf(r)}`}>Download</Button>
                        {rights.canDelete && (
                          <Button
                            size="compact-xs" variant="subtle" color="red" aria-label={`Delete ${r.label} of ${placeOf(r)}`}
                            onClick={() => void confirm({ title: `Delete ${r.label} of ${placeOf(r)}?`, text: `${r.file_count} files are gone for good.`, action: 'Delete' }).then((yes) => yes && removing.mutate(folder))}
                          >
                            Delete…
                          </Button>
                        )}
                      </Group>
                    </Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {rights.canEdit && (
        <Group align="flex-end">
          <Select label="Add files to" data={[{ value: '', label: 'The session' }, ...scans.map((s) => ({ value: s, label: `Scan ${s}` }))]} value={at} onChange={setAt} allowDeselect={false} w={160} />
          <TextInput label="Folder" placeholder="For example NIFTI or REPORTS" value={into} onChange={(e) => setInto(e.currentTarget.value)} w={240} />
          <FileButton multiple onChange={(files) => files.length > 0 && adding.mutate(files)}>
            {(properties) => <Button variant="default" disabled={!into.trim()} loading={adding.isPending} {...properties}>Choose files</Button>}
          </FileButton>
          {adding.isSuccess && <Text size="sm" role="status">Added.</Text>}
        </Group>
      )}
      {confirmation}
    </Stack>
  );
}
