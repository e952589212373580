import { Alert, Anchor, Button, Group, Radio, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from 'react-router';
import { at } from '../../../api/at';
import { policyOf, reportOf, setPolicy, type FailurePolicy, type Policy, type ProjectReport, type ResidualPolicy } from '../../../api/deidentification';
import { path } from '../../../api/http';
import { DataTable, type Column } from '../../../components/DataTable';
import { Empty } from '../../../components/Empty';
import { Failure } from '../../../components/Failure';

const residual: { value: ResidualPolicy; label: string }[] = [
  { value: 'flag', label: 'Say so in the report' },
  { value: 'quarantine', label: 'Keep the session in the prearchive until somebody decides' },
  { value: 'blank', label: 'Empty the attribute' },
  { value: 'off', label: 'Do not look for them' },
];

const failures: { value: FailurePolicy; label: string }[] = [
  { value: 'apart', label: 'Archive the rest; the session says that it is incomplete' },
  { value: 'hold', label: 'Keep the whole session in the prearchive until each image is cleared up' },
];

type Session = ProjectReport['sessions'][number];

function PolicyPanel({ project, policy }: { project: string; policy: Policy }) {
  const client = useQueryClient();
  const saving = useMutation({ mutationFn: (to: Partial<Policy['stated']>) => setPolicy(project, to), onSettled: () => client.invalidateQueries({ queryKey: ['policy', project] }) });
  // Shown at once, and again as it is stored if it was refused.
  const asked = saving.isPending ? saving.variables : {};
  return (
    <Stack maw={640}>
      {saving.error && <Alert color="red" role="alert">{saving.error.message}</Alert>}
      <Radio.Group label="When an identifier of the patient is found after the scripts ran" value={asked.residual ?? policy.residual} onChange={(v) => saving.mutate({ residual: v as ResidualPolicy })}>
        <Stack gap={6} mt={6}>{residual.map((r) => <Radio key={r.value} {...r} />)}</Stack>
      </Radio.Group>
      <Radio.Group label="When some images of a session cannot be de-identified" value={asked.failures ?? policy.failures} onChange={(v) => saving.mutate({ failures: v as FailurePolicy })}>
        <Stack gap={6} mt={6}>{failures.map((f) => <Radio key={f.value} {...f} />)}</Stack>
      </Radio.Group>
    </Stack>
  );
}

/** What is done with identifiers that are left, and the report of what was done (R14). */
export function Proof({ project }: { project: string }) {
  const policy = useQuery({ queryKey: ['policy', project], queryFn: ({ signal }) => policyOf(project, signal) });
  const report = useQuery({ queryKey: ['proof', project], queryFn: ({ signal }) => reportOf(project, signal), staleTime: 0 });
  const columns: Column<Session>[] = [
    { id: 'label', header: 'Session', value: (s) => s.label, cell: (s) => <Anchor component={Link} size="sm" to={path`/projects/${project}/experiments/${s.label}`}>{s.label}</Anchor> },
    { id: 'archived', header: 'Archived', value: (s) => (s.lastArchived ?? '').slice(0, 10), width: '110px' },
    { id: 'objects', header: 'Images', value: (s) => s.objects, width: '80px' },
    { id: 'passed', header: 'Passed', value: (s) => s.passed, width: '80px' },
    { id: 'rejected', header: 'Rejected', value: (s) => s.rejected, width: '90px' },
    { id: 'quarantined', header: 'In quarantine', value: (s) => s.quarantined, width: '110px' },
    { id: 'residual', header: 'Identifiers left', value: (s) => s.residualObjects, width: '120px' },
  ];
  if (policy.error) return <Failure error={policy.error} retry={() => void policy.refetch()} />;
  if (!policy.data) return <Skeleton h={240} />;
  return (
    <Stack>
      <PolicyPanel project={project} policy={policy.data} />
      <Group justify="space-between">
        <Title order={3} size="h5">What was done</Title>
        <Button size="xs" variant="default" component="a" href={`${at('/xapi/deidentification/projects/{project}/report', { project })}?format=csv`} leftSection={<IconDownload size={14} />}>Whole report as CSV</Button>
      </Group>
      {report.error ? <Failure error={report.error} retry={() => void report.refetch()} /> : !report.data ? <Skeleton h={160} />
        : report.data.sessions.length === 0 ? <Empty title="Nothing was archived with a report yet">Each session that is archived gets a report of what was removed, kept and found.</Empty>
        : <DataTable label="De-identification by session" rows={report.data.sessions} columns={columns} rowId={(s) => s.experiment} height="45vh" />}
      {report.data && report.data.withoutReport.length > 0 && <Text size="sm" c="dimmed">Without a report, since archived in another way: {report.data.withoutReport.slice(0, 20).join(', ')}{report.data.withoutReport.length > 20 ? ` and ${report.data.withoutReport.length - 20} more` : ''}.</Text>}
    </Stack>
  );
}
