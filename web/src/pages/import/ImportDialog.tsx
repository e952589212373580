import { Alert, Button, Group, Modal, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ClipboardEvent } from 'react';
import { importStudies, type Receiver, type Study } from '../../api/dqr';
import { getJson } from '../../api/http';
import { ProjectSelect } from '../../components/ProjectSelect';
import { fillLabels, labelFault, labelsOf, pasteLabels, type Labels, type LabelsByStudy } from './labels';

interface Properties {
  pacsId: number;
  studies: Study[] | undefined;
  /** Series that were chosen of a study; the others are imported whole. */
  series: Readonly<Record<string, string[] | undefined>>;
  onClose: (done: boolean) => void;
}

/** Where chosen studies go and what they are called there: a grid to type into, to paste into, or to fill by number. */
export function ImportDialog({ pacsId, studies, series, onClose }: Properties) {
  const client = useQueryClient();
  const [project, setProject] = useState<string | null>(null);
  const [receiver, setReceiver] = useState<string | null>(null);
  const [labels, setLabels] = useState<LabelsByStudy>({});
  const [prefix, setPrefix] = useState('S');
  const [isTried, setIsTried] = useState(false);
  useEffect(() => setIsTried(false), [studies]);
  const receivers = useQuery({ queryKey: ['receivers'], queryFn: ({ signal }) => getJson<Receiver[]>('/xapi/dicomscp', signal), enabled: !!studies });
  const open = (receivers.data ?? []).filter((r) => r.enabled);
  const chosen = open.find((r) => String(r.id) === receiver) ?? open[0];
  const rows = studies ?? [];
  const faults = rows.map((s) => labelFault(rows, labels, s));
  const work = useMutation({
    mutationFn: () => importStudies({
      pacsId, projectId: project!, aeTitle: chosen!.aeTitle, port: chosen!.port,
      studies: rows.map((s) => ({
        studyInstanceUid: s.studyInstanceUid, seriesInstanceUids: series[s.studyInstanceUid],
        relabelMap: { Subject: labelsOf(labels, s).subject.trim(), Session: labelsOf(labels, s).session.trim() },
      })),
    }),
    onSuccess: (queued) => {
      notifications.show({ message: `Queued: ${queued?.length ?? 0}`, color: 'teal' });
      void client.invalidateQueries({ queryKey: ['imports'] });
      onClose(true);
    },
  });
  const set = (study: Study, to: Partial<Labels>) => setLabels({ ...labels, [study.studyInstanceUid]: { ...labelsOf(labels, study), ...to } });
  const paste = (row: number, column: keyof Labels) => (event: ClipboardEvent) => {
    const text = event.clipboardData.getData('text');
    if (!/[\t\n]/.test(text)) return;
    event.preventDefault();
    setLabels(pasteLabels(rows, labels, row, column, text));
  };
  function order() {
    setIsTried(true);
    if (project && chosen && faults.every((f) => !f)) work.mutate();
  }
  return (
    <Modal opened={!!studies} onClose={() => onClose(false)} title={rows.length === 1 ? 'Import one study' : `Import ${rows.length} studies`} size={1000}>
      <Stack>
        {work.error && <Alert color="red" role="alert">{work.error.message}</Alert>}
        <Group grow align="flex-start">
          <ProjectSelect value={project} onChange={setProject} required />
          <Select label="Arrives at" data={open.map((r) => ({ value: String(r.id), label: `${r.aeTitle}:${r.port}` }))} value={chosen ? String(chosen.id) : null} onChange={setReceiver} allowDeselect={false} />
        </Group>
        <Group align="flex-end" justify="space-between">
          <Text size="sm" c="dimmed" maw={560}>These labels take the place of the patient’s name and numbers before anything is stored. Columns copied from a spreadsheet can be pasted.</Text>
          <Group align="flex-end" gap="xs">
            <TextInput label="Number subjects from" value={prefix} onChange={(e) => setPrefix(e.currentTarget.value)} w={150} />
            <Button variant="default" onClick={() => setLabels(fillLabels(rows, labels, prefix.trim()))}>Fill empty ones</Button>
          </Group>
        </Group>
        <Table.ScrollContainer minWidth={760} mah="48vh">
          <Table stickyHeader aria-label="Labels" verticalSpacing={4}>
            <Table.Thead><Table.Tr><Table.Th>Patient ID</Table.Th><Table.Th>Study</Table.Th><Table.Th>Date</Table.Th><Table.Th>Subject</Table.Th><Table.Th>Session</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {rows.map((s, i) => (
                <Table.Tr key={s.studyInstanceUid}>
                  <Table.Td>{s.patient.id}</Table.Td>
                  <Table.Td>{s.studyDescription || s.accessionNumber}{series[s.studyInstanceUid] && <Text size="xs" c="dimmed">{series[s.studyInstanceUid]!.length} series chosen</Text>}</Table.Td>
                  <Table.Td>{s.studyDate}</Table.Td>
                  <Table.Td>
                    <TextInput size="xs" aria-label={`Subject of row ${i + 1}`} value={labelsOf(labels, s).subject} onPaste={paste(i, 'subject')} onChange={(e) => set(s, { subject: e.currentTarget.value })} error={isTried && !labelsOf(labels, s).subject} />
                  </Table.Td>
                  <Table.Td>
                    <TextInput size="xs" aria-label={`Session of row ${i + 1}`} value={labelsOf(labels, s).session} onPaste={paste(i, 'session')} onChange={(e) => set(s, { session: e.currentTarget.value })} error={isTried && faults[i]} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
        {isTried && !project && <Text size="sm" c="red" role="alert">Choose the project that the studies go to.</Text>}
        {receivers.data && open.length === 0 && <Alert color="orange">No receiver is switched on, so a PACS has nowhere to send to. An administrator can switch one on.</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={() => onClose(false)}>Cancel</Button>
          <Button loading={work.isPending} onClick={order}>Import</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
