import { Badge, TextInput } from '@mantine/core';
import { useMemo } from 'react';
import type { ListRow, RowState } from '../../api/dqr';
import { DataTable, type Column } from '../../components/DataTable';

export type Changes = ReadonlyMap<number, Record<string, string>>;

const words: Record<RowState, { word: string; colour: string }> = {
  Accepted: { word: 'fine', colour: 'teal' },
  Repaired: { word: 'put right', colour: 'blue' },
  Ambiguous: { word: 'unclear', colour: 'orange' },
  Refused: { word: 'refused', colour: 'red' },
};

export const isTaken = (row: ListRow) => row.state === 'Accepted' || row.state === 'Repaired';

interface Properties {
  /** All rows of the list; they say which columns it has. */
  all: readonly ListRow[];
  shown: readonly ListRow[];
  changes: Changes;
  onChange: (row: ListRow, column: string, text: string) => void;
}

/** The rows of a list as they stand in the file, each cell to be put right where it stands. */
export function ListGrid({ all, shown, changes, onChange }: Properties) {
  const names = useMemo(() => [...new Set([...all.flatMap((r) => Object.keys(r.cells)), 'Subject', 'Session'])], [all]);
  const columns: Column<ListRow>[] = [
    { id: 'line', header: 'Line', value: (r) => r.line, width: '60px' },
    {
      id: 'state', header: 'State', value: (r) => words[r.state].word, width: '100px',
      cell: (r) => (changes.has(r.number) ? <Badge variant="light" color="gray">changed</Badge> : <Badge variant="light" color={words[r.state].colour}>{words[r.state].word}</Badge>),
    },
    ...names.map((name): Column<ListRow> => ({
      id: name, header: name, value: (r) => r.cells[name] ?? '', width: '150px',
      cell: (r) => (
        <TextInput
          size="xs" aria-label={`${name} of line ${r.line}`} value={changes.get(r.number)?.[name] ?? r.cells[name] ?? ''} onChange={(e) => onChange(r, name, e.currentTarget.value)}
          placeholder={name === 'Session' && r.session ? r.session : undefined}
        />
      ),
    })),
    { id: 'notes', header: 'What was done or is wrong', value: (r) => r.notes.join(' '), width: '3fr', cell: (r) => <span title={r.notes.join(' ')}>{r.notes.join(' ')}</span> },
  ];
  return <DataTable label="Rows of the list" rows={shown} columns={columns} rowId={(r) => String(r.number)} height="45vh" />;
}
