import { Anchor, Skeleton } from '@mantine/core';
import { Link } from 'react-router';
import { path } from '../../api/http';
import type { Row } from '../../api/tables';
import { useTable } from '../../api/useTable';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';

/** Everybody whose images a project holds, by label. */
export function Subjects({ project }: { project: string }) {
  const { rows, isPending, isGrowing, error, refetch } = useTable(path`/data/projects/${project}/subjects`, { columns: 'ID,label,gender,yob,age,handedness,group,insert_date,insert_user' });
  const columns: Column<Row>[] = [
    { id: 'label', header: 'Subject', value: (r) => r.label ?? '', cell: (r) => <Anchor component={Link} size="sm" to={path`/projects/${project}/subjects/${r.label ?? ''}`}>{r.label}</Anchor> },
    { id: 'gender', header: 'Sex', value: (r) => r.gender ?? '' },
    { id: 'yob', header: 'Year of birth', value: (r) => r.yob ?? '', isOptional: true },
    { id: 'age', header: 'Age', value: (r) => r.age ?? '', isOptional: true },
    { id: 'handedness', header: 'Handedness', value: (r) => r.handedness ?? '', isOptional: true },
    { id: 'group', header: 'Group', value: (r) => r.group ?? '', isOptional: true },
    { id: 'insert_date', header: 'Added', value: (r) => (r.insert_date ?? '').slice(0, 16) },
    { id: 'insert_user', header: 'Added by', value: (r) => r.insert_user ?? '', isOptional: true },
    { id: 'ID', header: 'Accession', value: (r) => r.ID ?? '' },
  ];
  if (error) return <Failure error={error} retry={refetch} />;
  if (isPending) return <Skeleton h={300} />;
  if (rows.length === 0) return <Empty title="No subjects yet">Subjects appear with the first images: send them from a scanner or PACS, or upload files.</Empty>;
  return <DataTable label="Subjects" rows={rows} columns={columns} rowId={(r) => r.ID ?? ''} isGrowing={isGrowing} choosable="subjects" />;
}
