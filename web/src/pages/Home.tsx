import { Anchor, Button, Skeleton } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { path } from '../api/http';
import type { Row } from '../api/tables';
import { useTable } from '../api/useTable';
import { DataTable, type Column } from '../components/DataTable';
import { Empty } from '../components/Empty';
import { Failure } from '../components/Failure';
import { PageHeading } from '../components/PageHeading';
import { Invited } from './Invited';
import { RecentActivity } from './RecentActivity';
import { NewProject } from './project/NewProject';

const columns: Column<Row>[] = [
  { id: 'name', header: 'Project', value: (r) => r.name ?? '', width: '2fr', cell: (r) => <Anchor component={Link} to={path`/projects/${r.ID ?? ''}`} size="sm">{r.name || r.ID}</Anchor> },
  { id: 'ID', header: 'ID', value: (r) => r.ID ?? '' },
  { id: 'pi', header: 'Principal investigator', value: (r) => `${r.pi_firstname ?? ''} ${r.pi_lastname ?? ''}`.trim() },
  { id: 'description', header: 'Description', value: (r) => r.description ?? '', width: '2fr' },
];

/** Projects that the person may see, and what happened in them lately. */
export function Home() {
  const { rows, isPending, isGrowing, error, refetch } = useTable('/data/projects');
  const [isMaking, setIsMaking] = useState(false);
  return (
    <>
      <PageHeading title="Projects" actions={<Button leftSection={<IconPlus size={16} />} onClick={() => setIsMaking(true)}>New project</Button>} />
      <Invited />
      <NewProject opened={isMaking} onClose={() => setIsMaking(false)} />
      {error ? (
        <Failure error={error} retry={refetch} />
      ) : isPending ? (
        <Skeleton h={300} />
      ) : rows.length === 0 ? (
        <Empty title="You are not in a project yet" action={<Button mt="sm" onClick={() => setIsMaking(true)}>Make a project</Button>}>
          A project holds subjects, their imaging sessions and who may see them. Make one, or ask the owner of an existing project to add you.
        </Empty>
      ) : (
        <DataTable label="Projects" rows={rows} columns={columns} rowId={(r) => r.ID ?? ''} isGrowing={isGrowing} initialSort={[{ id: 'name', desc: false }]} height="45vh" />
      )}
      <RecentActivity />
      <Anchor component={Link} to="/ended" size="sm" mt="lg" display="inline-block">Ended projects and their reports</Anchor>
    </>
  );
}
