import { Alert, Badge, Button, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { getJson, post, sendJson, type Query } from '../../api/http';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';

interface AuditRow {
  id: number;
  at: string;
  user: string;
  address: string;
  action: string;
  object: string;
}

const rowsAtOnce = 1000;

const columns: Column<AuditRow>[] = [
  { id: 'at', header: 'When', value: (r) => r.at, width: '160px', cell: (r) => new Date(r.at).toLocaleString('en-GB') },
  { id: 'user', header: 'Who', value: (r) => r.user },
  { id: 'action', header: 'What', value: (r) => r.action },
  { id: 'object', header: 'Of what', value: (r) => r.object, width: '2fr', cell: (r) => <span title={r.object}>{r.object}</span> },
  { id: 'address', header: 'From where', value: (r) => r.address },
];

const blank = { user: '', action: '', object: '', from: '', to: '' };

// Days of the person's own clock, in the server's terms.
const asked = (fields: typeof blank): Query => ({
  user: fields.user.trim() || undefined, action: fields.action.trim() || undefined, object: fields.object.trim() || undefined,
  from: fields.from ? new Date(`${fields.from}T00:00:00`).toISOString() : undefined, to: fields.to ? new Date(`${fields.to}T23:59:59.999`).toISOString() : undefined,
});

interface Verified {
  intact: boolean;
  rows: number;
  firstBroken: number | null;
  unreadableAnchors: number;
  firstMissingAnchor: { id: number; at: string } | null;
}

// A chain whose end was cut off is whole; what was written down beside the database says that more was there.
const whatIsWrong = (found: Verified) => {
  if (found.firstBroken !== null) return `altered at row ${found.firstBroken}`;
  if (found.firstMissingAnchor) return `rows are missing: row ${found.firstMissingAnchor.id} was there on ${new Date(found.firstMissingAnchor.at).toLocaleString('en-GB')}`;
  return `somebody wrote into audit-anchors.jsonl: ${found.unreadableAnchors} lines`;
};

// By a body, as the search: what is looked for may be a name, and addresses are written down by proxies and browsers.
async function saveCsv(query: Query) {
  const response = await post('/xapi/audit/search', JSON.stringify({ ...query, format: 'csv' }), 'application/json');
  const address = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = address;
  link.download = 'audit.csv';
  link.click();
  URL.revokeObjectURL(address);
}

/** Who did what, when, from where (R26). */
export function AuditTrail() {
  const [fields, setFields] = useState(blank);
  const [query, setQuery] = useState<Query>({});
  const rows = useInfiniteQuery({
    queryKey: ['audit', query], queryFn: async ({ pageParam }) => (await sendJson<AuditRow[]>('POST', '/xapi/audit/search', { ...query, limit: rowsAtOnce, before: pageParam })) ?? [],
    initialPageParam: undefined as number | undefined, getNextPageParam: (last) => (last.length === rowsAtOnce ? last.at(-1)!.id : undefined), staleTime: 0,
  });
  const verify = useMutation({ mutationFn: () => getJson<Verified>('/xapi/audit/verify') });
  const download = useMutation({ mutationFn: () => saveCsv(query) });
  const field = (name: keyof typeof blank) => ({ value: fields[name], onChange: (e: { currentTarget: { value: string } }) => setFields({ ...fields, [name]: e.currentTarget.value }) });
  const all = rows.data?.pages.flat() ?? [];
  return (
    <Stack>
      <Paper withBorder p="md" component="form" onSubmit={(e: FormEvent<HTMLElement>) => { e.preventDefault(); setQuery(asked(fields)); }}>
        <Group align="flex-end" grow preventGrowOverflow={false}>
          <TextInput label="User" {...field('user')} />
          <TextInput label="Action" placeholder="sign-in, file.read …" {...field('action')} />
          <TextInput label="Of what" placeholder="Part of it will do" {...field('object')} />
          <TextInput label="From" type="date" {...field('from')} />
          <TextInput label="To" type="date" {...field('to')} />
          <Button type="submit">Search</Button>
        </Group>
      </Paper>
      <Group justify="space-between">
        <Group gap="xs">
          <Button size="xs" variant="default" loading={verify.isPending} onClick={() => verify.mutate()}>Check that nothing was altered</Button>
          {verify.data && (verify.data.intact
            ? <Badge variant="light" color="teal" role="status">unaltered: {verify.data.rows.toLocaleString('en-GB')} rows</Badge>
            : <Badge variant="light" color="red" role="alert">{whatIsWrong(verify.data)}</Badge>)}
        </Group>
        <Button size="xs" variant="default" loading={download.isPending} onClick={() => download.mutate()} leftSection={<IconDownload size={14} />}>All of it as CSV</Button>
      </Group>
      {download.error && <Alert color="red" role="alert">{download.error.message}</Alert>}
      {verify.error && <Alert color="red" role="alert">{verify.error.message}</Alert>}
      {rows.error ? <Failure error={rows.error} retry={() => void rows.refetch()} /> : rows.data && all.length === 0 ? <Empty title="Nothing like it was recorded">Try fewer fields, or a longer time.</Empty> : (
        <>
          <DataTable label="Audit trail" rows={all} columns={columns} rowId={(r) => String(r.id)} isGrowing={rows.hasNextPage} height="calc(100vh - 380px)" />
          {rows.hasNextPage && <Button variant="subtle" loading={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>Read older ones</Button>}
        </>
      )}
      <Text size="xs" c="dimmed">Every look at data, download, change and deletion is kept, and who signed in or tried to.</Text>
    </Stack>
  );
}
