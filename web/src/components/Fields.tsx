import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

/** Names and values, without those that have no value. */
export function Fields({ label, rows }: { label: string; rows: readonly (readonly [string, ReactNode])[] }) {
  const known = rows.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return (
    <Table w="auto" variant="vertical" aria-label={label}>
      <Table.Tbody>
        {known.map(([name, value]) => <Table.Tr key={name}><Table.Th w={220}>{name}</Table.Th><Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td></Table.Tr>)}
      </Table.Tbody>
    </Table>
  );
}
