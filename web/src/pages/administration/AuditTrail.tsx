import { Alert, Badge, Button, Group, Paper, Stack, Text, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { getJson, withQuery, type Query } from '../../api/http';
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

/** Who did what, when, from where (R26). */
export function AuditTrail() {
  const [fields, setFields] = useState(blank);
  const [query, setQuery] = useState<Query>({});
  const rows = useInfiniteQuery({
    queryKey: ['audit', query], queryFn: ({ pageParam, signal }) => getJson<AuditRow[]>(withQuery('/xapi/audit', { ...query, limit: rowsAtOnce, before: pageParam }), signal),
    initialPageParam: undefined as number | undefined, getNextPageParam: (last) => (last.length === rowsAtOnce ? last.at(-1)!.id : undefined), staleTime: 0,
  });
  const verify = useMutation({ mutationFn: () => getJson<{ intact: boolean; rows: number; firstBroken: number | null }>('/xapi/audit/verify') });
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
            : <Badge variant="light" color="red" role="alert">altered at row {verify.data.firstBroken}</Badge>)}
        </Group>
        <Button size="xs" variant="default" component="a" href={withQuery('/xapi/audit', { ...query, format: 'csv' })} leftSection={<IconDownload size={14} />}>All of it as CSV</Button>
      </Group>
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
