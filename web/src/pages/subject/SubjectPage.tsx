import { Anchor, Skeleton, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { path } from '../../api/http';
import { children, item, type Row } from '../../api/tables';
import { useTable } from '../../api/useTable';
import { DataTable, type Column } from '../../components/DataTable';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { PageHeading } from '../../components/PageHeading';
import { plainType } from '../../words';

const demographics: [string, string][] = [
  ['gender', 'Sex'], ['yob', 'Year of birth'], ['age', 'Age'], ['handedness', 'Handedness'], ['race', 'Race'], ['ethnicity', 'Ethnicity'], ['weight', 'Weight (kg)'], ['height', 'Height (cm)'],
];

export default function SubjectPage() {
  const { project = '', subject = '' } = useParams();
  const { data, error, refetch } = useQuery({ queryKey: ['subject', project, subject], queryFn: ({ signal }) => item(path`/data/projects/${project}/subjects/${subject}`, signal) });
  const sessions = useTable(path`/data/projects/${project}/subjects/${subject}/experiments`, { columns: 'ID,label,date,xsiType,insert_date' });
  const columns: Column<Row>[] = [
    { id: 'label', header: 'Session', value: (r) => r.label ?? '', cell: (r) => <Anchor component={Link} size="sm" to={path`/projects/${project}/experiments/${r.label ?? ''}`}>{r.label}</Anchor> },
    { id: 'type', header: 'Kind', value: (r) => plainType(r.xsiType ?? '') },
    { id: 'date', header: 'Date', value: (r) => r.date ?? '' },
  ];
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton h={300} />;
  const known = { ...data.data_fields, ...children(data, 'demographics')[0]?.data_fields };
  const shown = demographics.filter(([key]) => known[key] !== undefined && known[key] !== '');
  return (
    <>
      <PageHeading title={String(data.data_fields.label ?? subject)} trail={[{ label: 'Projects', to: '/' }, { label: project, to: path`/projects/${project}` }]} note={`Subject ${data.data_fields.ID ?? ''}`} />
      {shown.length > 0 && (
        <Table w="auto" mb="lg" variant="vertical" aria-label="Demographics">
          <Table.Tbody>
            {shown.map(([key, label]) => (
              <Table.Tr key={key}><Table.Th>{label}</Table.Th><Table.Td>{known[key]}</Table.Td></Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {sessions.error ? <Failure error={sessions.error} retry={sessions.refetch} />
        : sessions.rows.length === 0 && !sessions.isPending ? <Empty title="No sessions of this subject yet" />
        : <DataTable label="Sessions of the subject" rows={sessions.rows} columns={columns} rowId={(r) => r.ID ?? ''} />}
    </>
  );
}
