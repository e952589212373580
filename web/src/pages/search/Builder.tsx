import { ActionIcon, Alert, Anchor, Button, Group, Menu, Modal, MultiSelect, Paper, SegmentedControl, Select, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDownload, IconPlus, IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useState, type FormEvent } from 'react';
import { Link } from 'react-router';
import { comparisons, defaultSearch, fieldsOf, kinds, mostRows, removeSearch, runSearch, savedSearch, savedSearches, saveSearch, searchAsCsv, type Comparison, type Criterion, type Search } from '../../api/search';
import type { Row } from '../../api/tables';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { pageOf } from './addresses';

const words: Record<Comparison, string> = {
  '=': 'is', '!=': 'is not', LIKE: 'contains', 'NOT LIKE': 'does not contain', '<': 'is less than', '<=': 'is at most', '>': 'is more than', '>=': 'is at least', BETWEEN: 'is between (a AND b)', IN: 'is one of (a, b)',
  'IS NULL': 'is empty', 'IS NOT NULL': 'is not empty',
};

const needsNoValue = (c: Comparison) => c === 'IS NULL' || c === 'IS NOT NULL';

function CriterionRow({ criterion, fields, number, onChange, onRemove }: { criterion: Criterion; fields: { value: string; label: string }[]; number: number; onChange: (c: Criterion) => void; onRemove: () => void }) {
  return (
    <Group gap="xs">
      <Select aria-label={`Field of condition ${number}`} data={fields} value={criterion.field} onChange={(v) => v && onChange({ ...criterion, field: v })} searchable allowDeselect={false} w={240} />
      <Select aria-label={`Comparison of condition ${number}`} data={comparisons.map((c) => ({ value: c, label: words[c] }))} value={criterion.comparison} onChange={(v) => onChange({ ...criterion, comparison: v as Comparison })} allowDeselect={false} w={200} />
      {!needsNoValue(criterion.comparison) && <TextInput aria-label={`Value of condition ${number}`} value={criterion.value} onChange={(e) => onChange({ ...criterion, value: e.currentTarget.value })} w={240} />}
      <ActionIcon variant="subtle" color="red" aria-label={`Take out condition ${number}`} onClick={onRemove}><IconX size={16} /></ActionIcon>
    </Group>
  );
}

function SaveDialog({ search, onClose }: { search: Search | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const saving = useMutation({
    mutationFn: () => saveSearch(search!, name.trim()),
    onSuccess: async () => {
      notifications.show({ message: 'The search is saved.', color: 'teal' });
      await client.invalidateQueries({ queryKey: ['search', 'saved'] });
      setName('');
      onClose();
    },
  });
  return (
    <Modal opened={!!search} onClose={onClose} title="Save the search">
      <form onSubmit={(e: FormEvent) => { e.preventDefault(); saving.mutate(); }}>
        <Stack>
          {saving.error && <Alert color="red" role="alert">{saving.error.message}</Alert>}
          <TextInput label="Name" required maxLength={200} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>Cancel</Button><Button type="submit" loading={saving.isPending}>Save</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Results({ search }: { search: Search }) {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['search', 'results', search], queryFn: ({ signal }) => runSearch(search, signal), staleTime: 0 });
  const csv = useMutation({
    mutationFn: () => searchAsCsv(search),
    onSuccess: (file) => {
      const address = URL.createObjectURL(file);
      const link = document.createElement('a');
      link.href = address;
      link.download = 'search.csv';
      link.click();
      URL.revokeObjectURL(address);
    },
  });
  const columns = useMemo<Column<Row>[]>(
    () => (data?.columns ?? []).map((c) => ({
      id: c.key, header: c.header, value: (r) => r[c.key] ?? '',
      // A row can be opened by its label where it says which project it is of.
      cell: c.key === 'label' ? (r) => (r.project ? <Anchor component={Link} size="sm" to={pageOf(search.kind, r.project, r.label ?? '')}>{r.label}</Anchor> : r.label) : undefined,
    })),
    [data, search.kind],
  );
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton h={200} />;
  if (data.rows.length === 0) return <Empty title="Nothing fits">Take out a condition, or choose another comparison.</Empty>;
  return (
    <>
      {csv.error && <Failure error={csv.error} />}
      <Group justify="space-between" mb="xs">
        <Text size="sm">{data.total.toLocaleString('en-GB')} found{data.total > mostRows ? `; the first ${mostRows.toLocaleString('en-GB')} are shown, all are in the file` : ''}</Text>
        <Button size="xs" variant="default" leftSection={<IconDownload size={14} />} loading={csv.isPending} onClick={() => csv.mutate()}>All of it as CSV</Button>
      </Group>
      <DataTable label="Results" rows={data.rows} columns={columns} rowId={(r) => Object.values(r).join('\u0000')} height="50vh" />
    </>
  );
}

/** Searches by fields: what to look for, which columns to show, on which conditions. */
export function Builder() {
  const client = useQueryClient();
  const known = useQuery({ queryKey: ['search', 'kinds'], queryFn: ({ signal }) => kinds(signal) });
  const saved = useQuery({ queryKey: ['search', 'saved'], queryFn: ({ signal }) => savedSearches(signal) });
  const [search, setSearch] = useState<Search>();
  const [run, setRun] = useState<Search>();
  const [toSave, setToSave] = useState<Search>();
  const [problem, setProblem] = useState<string>();
  const fields = useQuery({ queryKey: ['search', 'fields', search?.kind], queryFn: ({ signal }) => fieldsOf(search!.kind, signal), enabled: !!search });
  const removing = useMutation({ mutationFn: removeSearch, onSettled: () => client.invalidateQueries({ queryKey: ['search', 'saved'] }) });

  async function choose(kind: string) {
    setSearch({ kind, columns: [], any: false, criteria: [] });
    setRun(undefined);
    const usual = await defaultSearch(kind).catch(() => undefined);
    // Whoever has gone on meanwhile keeps what they chose.
    setSearch((now) => (now?.kind === kind && now.columns.length === 0 ? { ...now, columns: usual?.columns ?? [] } : now));
  }
  const first = known.data?.find((k) => /SessionData$/.test(k.ELEMENT_NAME)) ?? known.data?.[0];
  useEffect(() => {
    if (!search && first) void choose(first.ELEMENT_NAME);
    // Only until something is chosen.
  }, [first?.ELEMENT_NAME]);
  async function open(id: string) {
    const read = await savedSearch(id).catch((e: unknown) => { setProblem(e instanceof Error ? e.message : 'The search cannot be read.'); return undefined; });
    if (!read) {
      setProblem((said) => said ?? 'This search was made by another program and says more than this page can show. Programs can still run it.');
      return;
    }
    setProblem(undefined);
    setSearch(read);
    setRun(read);
  }
  if (known.error) return <Failure error={known.error} retry={() => void known.refetch()} />;
  if (known.isPending) return <Skeleton h={200} />;
  if (known.data.length === 0) return <Empty title="There is nothing to search yet">What is archived in your projects can be searched here.</Empty>;
  if (!search) return <Skeleton h={200} />;
  const offered = (fields.data ?? []).filter((f, i, all) => all.findIndex((o) => o.FIELD_ID === f.FIELD_ID) === i);
  // Two fields may have the same heading; the second word tells them apart.
  const names = offered.map((f) => ({ value: f.FIELD_ID, label: offered.some((o) => o !== f && o.HEADER === f.HEADER) && f.FIELD_ID !== f.HEADER.toUpperCase() ? `${f.HEADER} (${f.FIELD_ID.toLowerCase().replaceAll('_', ' ')})` : f.HEADER }));
  const set = (to: Partial<Search>) => setSearch({ ...search, ...to });
  const isReady = search.columns.length > 0 && search.criteria.every((c) => needsNoValue(c.comparison) || c.value.trim());
  return (
    <Stack>
      {(problem ?? removing.error) && <Alert color="orange" role="alert">{problem ?? removing.error!.message}</Alert>}
      <Paper withBorder p="md" component="form" onSubmit={(e: FormEvent<HTMLElement>) => { e.preventDefault(); setRun({ ...search }); }}>
        <Stack>
          <Group align="flex-end" justify="space-between">
            <Select label="Look for" data={known.data.map((k) => ({ value: k.ELEMENT_NAME, label: `${k.PLURAL || k.ELEMENT_NAME} (${k.COUNT})` }))} value={search.kind} onChange={(v) => v && void choose(v)} allowDeselect={false} searchable w={320} />
            <Menu position="bottom-end">
              <Menu.Target><Button variant="default" disabled={(saved.data ?? []).length === 0}>Saved searches</Button></Menu.Target>
              <Menu.Dropdown>
                {(saved.data ?? []).map((s) => <Menu.Item key={s.id} onClick={() => void open(s.id)}>{s.brief_description || s.id}</Menu.Item>)}
                {(saved.data ?? []).length > 0 && <Menu.Divider />}
                {(saved.data ?? []).map((s) => <Menu.Item key={`-${s.id}`} color="red" onClick={() => removing.mutate(s.id)}>Delete “{s.brief_description || s.id}”</Menu.Item>)}
              </Menu.Dropdown>
            </Menu>
          </Group>
          <MultiSelect label="Columns" data={names} value={search.columns} onChange={(columns) => set({ columns })} searchable clearable hidePickedOptions />
          {search.criteria.length > 1 && (
            <SegmentedControl aria-label="How conditions are joined" value={search.any ? 'any' : 'all'} onChange={(v) => set({ any: v === 'any' })} data={[{ value: 'all', label: 'All conditions hold' }, { value: 'any', label: 'One of them holds' }]} />
          )}
          {search.criteria.map((c, i) => (
            <CriterionRow
              key={i} number={i + 1} criterion={c} fields={names} onChange={(next) => set({ criteria: search.criteria.map((old, j) => (j === i ? next : old)) })}
              onRemove={() => set({ criteria: search.criteria.filter((_, j) => j !== i) })}
            />
          ))}
          <Group justify="space-between">
            <Button variant="subtle" leftSection={<IconPlus size={14} />} disabled={names.length === 0} onClick={() => set({ criteria: [...search.criteria, { field: names[0]!.value, comparison: 'LIKE', value: '' }] })}>Add a condition</Button>
            <Group gap="xs">
              <Button variant="default" disabled={!isReady} onClick={() => setToSave(search)}>Save…</Button>
              <Button type="submit" disabled={!isReady}>Search</Button>
            </Group>
          </Group>
        </Stack>
      </Paper>
      {run && <Results search={run} />}
      <SaveDialog search={toSave} onClose={() => setToSave(undefined)} />
    </Stack>
  );
}
