import { Alert, Button, Fieldset, Group, Modal, NumberInput, Select, Stack, Switch, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent } from 'react';
import { defaultRules, rulesOf, savePacs, type IdentityRules, type PacsSite } from '../../../api/pacs';

const ways = [
  { value: 'Move', label: 'C-MOVE: it sends to one of our receivers' },
  { value: 'Get', label: 'C-GET: images come over the same connection' },
  { value: 'DicomWeb', label: 'DICOMweb' },
];

const orders = [
  { value: 'Unknown', label: 'As the dates of a list show' },
  { value: 'DayMonthYear', label: 'Day first' },
  { value: 'MonthDayYear', label: 'Month first' },
];

/** How to reach a PACS, and what can be relied on there. */
export function PacsDialog({ site, onClose }: { site: PacsSite | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [fields, setFields] = useState<PacsSite>();
  const [rules, setRules] = useState<IdentityRules>(defaultRules);
  const stored = useQuery({ queryKey: ['pacs', 'rules', site?.id], queryFn: ({ signal }) => rulesOf(site!.id!, signal), enabled: site?.id !== undefined });
  useEffect(() => setFields(site), [site]);
  useEffect(() => setRules(site?.id === undefined ? defaultRules : (stored.data ?? defaultRules)), [site, stored.data]);
  const saving = useMutation({
    mutationFn: () => savePacs(fields!, rules),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['pacs'] });
      onClose();
    },
  });
  if (!fields || !site) return null;
  const isWeb = rules.retrieval === 'DicomWeb' || (rules.retrieval === null && fields.dicomWebEnabled);
  const text = (name: 'label' | 'aeTitle' | 'host' | 'dicomWebRootUrl') => ({ value: fields[name] ?? '', onChange: (e: { currentTarget: { value: string } }) => setFields({ ...fields, [name]: e.currentTarget.value }) });
  const flag = (name: 'trustsAccessionNumber' | 'trustsPatientId' | 'answersImageLevel' | 'countsInstances') => ({ checked: rules[name], onChange: (e: { currentTarget: { checked: boolean } }) => setRules({ ...rules, [name]: e.currentTarget.checked }) });
  const number = (name: 'patientIdDigits' | 'accessionNumberDigits' | 'parallelRetrievals', most: number) => ({ value: rules[name], min: 0, max: most, onChange: (v: string | number) => setRules({ ...rules, [name]: Number(v) || 0 }) });
  const changeWay = (way: string | null) => {
    setRules({ ...rules, retrieval: way as IdentityRules['retrieval'] });
    setFields({ ...fields, dicomWebEnabled: way === 'DicomWeb' });
  };
  return (
    <Modal opened onClose={onClose} title={site.id === undefined ? 'New PACS' : site.label} size="lg">
      <form onSubmit={(e: FormEvent) => { e.preventDefault(); saving.mutate(); }}>
        <Stack>
          {saving.error && <Alert color="red" role="alert">{saving.error.message}</Alert>}
          <TextInput label="Name" required data-autofocus {...text('label')} />
          <Select label="How to fetch" data={ways} value={rules.retrieval ?? (fields.dicomWebEnabled ? 'DicomWeb' : 'Move')} onChange={changeWay} allowDeselect={false} />
          {isWeb ? <TextInput label="Address of its DICOMweb" placeholder="https://pacs.example.org/dicom-web" required {...text('dicomWebRootUrl')} /> : (
            <Group grow align="flex-start">
              <TextInput label="AE title" required maxLength={16} {...text('aeTitle')} />
              <TextInput label="Host" required {...text('host')} />
              <NumberInput label="Port" required min={1} max={65535} value={fields.queryRetrievePort ?? ''} onChange={(v) => setFields({ ...fields, queryRetrievePort: Number(v) })} />
            </Group>
          )}
          <Group>
            <Switch label="May be asked" checked={fields.queryable} onChange={(e) => setFields({ ...fields, queryable: e.currentTarget.checked })} />
            <Switch label="First choice" checked={fields.defaultQueryRetrievePacs} onChange={(e) => setFields({ ...fields, defaultQueryRetrievePacs: e.currentTarget.checked })} />
          </Group>
          <Fieldset legend="What can be relied on">
            <Stack gap="sm">
              <Switch label="Accession numbers find their study" description="Switched off where they are made up, as by some cardiology PACS; patient ID and study date are used instead." {...flag('trustsAccessionNumber')} />
              <Switch label="Patient IDs find their patient" {...flag('trustsPatientId')} />
              <Switch label="It names single images when asked" {...flag('answersImageLevel')} />
              <Switch label="Its numbers of images are right" {...flag('countsInstances')} />
              <Group grow align="flex-start">
                <NumberInput label="Digits of a patient ID" description="0 where they vary" {...number('patientIdDigits', 64)} />
                <NumberInput label="Digits of an accession number" description="0 where they vary" {...number('accessionNumberDigits', 16)} />
              </Group>
              <Group grow align="flex-start">
                <Select label="Dates in lists" data={orders} value={rules.dateOrder} allowDeselect={false} onChange={(v) => setRules({ ...rules, dateOrder: v as IdentityRules['dateOrder'] })} />
                <NumberInput label="Most studies fetched at once" description="0 leaves it to the hours" {...number('parallelRetrievals', 64)} />
              </Group>
            </Stack>
          </Fieldset>
          <Group justify="flex-end"><Button variant="default" onClick={onClose}>Cancel</Button><Button type="submit" loading={saving.isPending}>Save</Button></Group>
        </Stack>
      </form>
    </Modal>
  );
}
