import { Anchor } from '@mantine/core';
import { useMemo } from 'react';
import { Link } from 'react-router';
import type { Row } from '../../../api/tables';
import { useTable } from '../../../api/useTable';
import { volumePlace } from '../../../api/volumes';
import { DataTable, type Column } from '../../../components/DataTable';
import { Empty } from '../../../components/Empty';
import { Failure } from '../../../components/Failure';
import { plainSize } from '../../../words';

function columnsOf(project: string, experiment: string): Column<Row>[] {
  return [
    {
      id: 'Name', header: 'File', value: (r) => r.Name ?? '', width: '3fr',
      cell: (r) => {
        const volume = volumePlace(project, experiment, r.URI);
        return <><Anchor size="sm" href={r.URI}>{r.Name}</Anchor>{volume && <Anchor component={Link} size="sm" ml="md" to={volume} aria-label={`View ${r.Name}`}>View</Anchor>}</>;
      },
    },
    { id: 'collection', header: 'Folder', value: (r) => r.collection ?? '' },
    { id: 'Size', header: 'Size', value: (r) => Number(r.Size || 0), cell: (r) => plainSize(Number(r.Size || 0)), width: '110px' },
  ];
}

/** The files of a scan. */
export function FileTable({ project, experiment, address }: { project: string; experiment: string; address: string }) {
  const columns = useMemo(() => columnsOf(project, experiment), [project, experiment]);
  const files = useTable(`${address}/files`);
  if (files.error) return <Failure error={files.error} retry={files.refetch} />;
  if (!files.isPending && files.rows.length === 0) return <Empty title="No files in this scan" />;
  return <DataTable label="Files" rows={files.rows} columns={columns} rowId={(r) => r.URI ?? r.Name ?? ''} isGrowing={files.isGrowing} height="calc(100vh - 330px)" />;
}
