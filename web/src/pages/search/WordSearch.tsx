import { Anchor, Button, Group, Skeleton, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent } from 'react';
import { Link, useLocation } from 'react-router';
import { findWords, type Found } from '../../api/search';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { plainType } from '../../words';
import { pageOf } from './addresses';

const columns: Column<Found>[] = [
  { id: 'label', header: 'Name', value: (f) => f.label || f.ID, width: '2fr', cell: (f) => <Anchor component={Link} size="sm" to={pageOf(f.xsiType, f.project, f.label || f.ID)}>{f.label || f.ID}</Anchor> },
  { id: 'kind', header: 'Kind', value: (f) => plainType(f.xsiType) },
  { id: 'project', header: 'Project', value: (f) => f.project },
  { id: 'subject', header: 'Subject', value: (f) => f.subject_label },
  { id: 'date', header: 'Date', value: (f) => f.date },
  { id: 'ID', header: 'Accession', value: (f) => f.ID },
];

/** Finds by any words: labels, accessions, titles, notes. */
export function WordSearch() {
  const asked = (useLocation().state as { text?: string } | null)?.text ?? '';
  const [typed, setTyped] = useState(asked);
  const [text, setText] = useState(asked);
  useEffect(() => {
    setTyped(asked);
    setText(asked);
  }, [asked]);
  const { data, error, isFetching, refetch } = useQuery({ queryKey: ['search', 'words', text], queryFn: ({ signal }) => findWords(text, signal), enabled: text !== '' });
  function search(event: FormEvent) {
    event.preventDefault();
    setText(typed.trim());
  }
  return (
    <>
      <form onSubmit={search}>
        <Group align="flex-end" mb="md">
          <TextInput label="Words" placeholder="A label, an accession number of the archive, part of a title" leftSection={<IconSearch size={16} />} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} w={420} data-autofocus />
          <Button type="submit" disabled={!typed.trim()}>Find</Button>
        </Group>
      </form>
      {error ? <Failure error={error} retry={() => void refetch()} /> : isFetching && !data ? <Skeleton h={200} />
        : data && (data.length === 0 ? <Empty title="Nothing like it">Try a part of the word, or search by fields.</Empty> : <DataTable label="Found" rows={data} columns={columns} rowId={(f) => `${f.xsiType} ${f.ID} ${f.project}`} height="calc(100vh - 400px)" />)}
    </>
  );
}
