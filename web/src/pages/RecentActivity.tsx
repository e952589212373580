import { Anchor, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { path } from '../api/http';
import { table } from '../api/tables';
import { plainType } from '../words';

const days = 30;
const most = 10;

/** Sessions of all one's projects that were added or changed lately. */
export function RecentActivity() {
  const { data } = useQuery({ queryKey: ['recent'], queryFn: ({ signal }) => table('/data/experiments', { recent: days, limit: most }, signal) });
  if (!data || data.length === 0) return null;
  return (
    <section aria-label="Recent activity">
      <Title order={3} size="h5" mt="lg" mb="xs">Added or changed lately</Title>
      <Table aria-label="Recent activity" verticalSpacing={6}>
        <Table.Thead><Table.Tr><Table.Th>Session</Table.Th><Table.Th>Project</Table.Th><Table.Th>Kind</Table.Th><Table.Th>What</Table.Th><Table.Th>When</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {data.map((r) => (
            <Table.Tr key={r.ID}>
              <Table.Td><Anchor component={Link} size="sm" to={path`/projects/${r.project ?? ''}/experiments/${r.label ?? ''}`}>{r.label}</Anchor></Table.Td>
              <Table.Td><Anchor component={Link} size="sm" to={path`/projects/${r.project ?? ''}`}>{r.project}</Anchor></Table.Td>
              <Table.Td><Text size="sm">{plainType(r.xsiType ?? '')}</Text></Table.Td>
              <Table.Td><Text size="sm">{r.last_modified === r.insert_date ? 'added' : 'changed'}</Text></Table.Td>
              <Table.Td><Text size="sm">{r.last_modified?.slice(0, 16)}</Text></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
