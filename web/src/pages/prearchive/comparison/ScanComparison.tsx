import { Anchor, Badge, Group, Table, Text, Tooltip } from '@mantine/core';
import type { ComparedInstance, ComparedScan, Counts } from '../../../api/comparison';
import { DataTable, type Column } from '../../../components/DataTable';
import { plainSize, plainType } from '../../../words';
import { archivedCount, arrivedCount, stateOfInstance, states } from './states';

const columns: Column<ComparedInstance>[] = [
  { id: 'number', header: 'No.', value: (i) => i.instanceNumber ?? '', width: '70px' },
  { id: 'state', header: 'State', value: (i) => stateOfInstance(i.state).word, cell: (i) => <Badge variant="light" color={stateOfInstance(i.state).colour}>{stateOfInstance(i.state).word}</Badge>, width: '170px' },
  { id: 'uid', header: 'SOP Instance UID', value: (i) => i.sopInstanceUid, width: '2fr' },
  { id: 'arrived', header: 'SHA-256, arrived', value: (i) => i.arrived ?? '', cell: (i) => (i.arrived ? <code>{i.arrived.slice(0, 12)}</code> : (i.reason ?? '–')), width: '150px' },
  { id: 'archived', header: 'SHA-256, archived', value: (i) => i.archived ?? '', cell: (i) => (i.archived ? <code>{i.archived.slice(0, 12)}</code> : '–'), width: '155px' },
  { id: 'size', header: 'Size', value: (i) => i.arrivedSize || i.archivedSize, cell: (i) => plainSize(i.arrivedSize || i.archivedSize), width: '90px' },
];

function Badges({ counts }: { counts: Counts }) {
  return (
    <Group gap={6}>
      {states.filter((s) => counts[s.id]).map((s) => (
        <Tooltip key={s.id} label={s.meaning} multiline maw={320}><Badge variant="light" color={s.colour} tabIndex={0}>{counts[s.id]} {s.word}</Badge></Tooltip>
      ))}
    </Group>
  );
}

function place(scan: ComparedScan) {
  if (!scan.isArchived) return 'becomes a new scan';
  return scan.arrivedAs === null ? 'only in the archive' : 'joins the archived scan';
}

/** Scans of both sides; one of them can be looked into, image by image. */
export function ScanComparison({ scans, opened, onOpen }: { scans: ComparedScan[]; opened: string | undefined; onOpen: (id: string | undefined) => void }) {
  const shown = scans.find((s) => s.id === opened);
  return (
    <>
      <Table.ScrollContainer minWidth={760}>
        <Table aria-label="Scans of both sides" verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr><Table.Th>Scan</Table.Th><Table.Th>Series</Table.Th><Table.Th>Kind</Table.Th><Table.Th>Arrived</Table.Th><Table.Th>Archived</Table.Th><Table.Th>Compared</Table.Th></Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {scans.map((scan) => (
              <Table.Tr key={scan.id}>
                <Table.Td>
                  <Anchor component="button" size="sm" aria-expanded={opened === scan.id} aria-label={`Images of scan ${scan.id}`} onClick={() => onOpen(opened === scan.id ? undefined : scan.id)}>{scan.id}</Anchor>
                  {scan.arrivedAs !== null && scan.arrivedAs !== scan.id && <Text size="xs" c="dimmed">arrived as {scan.arrivedAs}</Text>}
                </Table.Td>
                <Table.Td>{scan.description}<Text size="xs" c="dimmed">{place(scan)}</Text></Table.Td>
                <Table.Td>{plainType(scan.xsiType)}</Table.Td>
                <Table.Td>{arrivedCount(scan.counts) || '–'}</Table.Td>
                <Table.Td>{archivedCount(scan.counts) || '–'}{scan.otherFiles > 0 && <Text size="xs" c="dimmed">and {scan.otherFiles} other {scan.otherFiles === 1 ? 'file' : 'files'}</Text>}</Table.Td>
                <Table.Td><Badges counts={scan.counts} /></Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {shown && <DataTable key={shown.id} label={`Images of scan ${shown.id}`} rows={shown.instances} columns={columns} rowId={(i) => `${i.state}/${i.sopInstanceUid}/${i.file}`} height={360} />}
    </>
  );
}
