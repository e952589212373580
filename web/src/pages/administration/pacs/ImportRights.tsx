import { Alert, MultiSelect, Paper, Stack, Switch, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, path, sendJson } from '../../../api/http';
import { table } from '../../../api/tables';

interface DqrProject {
  projectId: string;
  dqrEnabled: boolean;
}

/** Who may import from PACS, and into which projects. */
export function ImportRights() {
  const client = useQueryClient();
  const settings = useQuery({ queryKey: ['dqr', 'settings'], queryFn: ({ signal }) => getJson<Record<string, unknown>>('/xapi/dqr/settings', signal) });
  const enabled = useQuery({ queryKey: ['dqr', 'projects'], queryFn: ({ signal }) => getJson<DqrProject[]>('/xapi/dqr/settings/project', signal) });
  const projects = useQuery({ queryKey: ['projects', 'all'], queryFn: ({ signal }) => table('/data/projects', {}, signal) });
  const change = useMutation({ mutationFn: (act: () => Promise<unknown>) => act(), onSettled: () => client.invalidateQueries({ queryKey: ['dqr'] }) });
  const flag = (name: string) => ({
    checked: String(settings.data?.[name] ?? false) === 'true',
    onChange: (e: { currentTarget: { checked: boolean } }) => { const on = e.currentTarget.checked; change.mutate(() => sendJson('POST', '/xapi/dqr/settings', { [name]: on })); },
  });
  const known = enabled.data ?? [];
  const on = known.filter((p) => p.dqrEnabled).map((p) => p.projectId);
  async function setProjects(next: string[]) {
    for (const project of next.filter((p) => !on.includes(p))) {
      await (known.some((k) => k.projectId === project) ? sendJson('PUT', path`/xapi/dqr/settings/project/${project}`, { dqrEnabled: true }) : sendJson('POST', '/xapi/dqr/settings/project', { projectId: project, dqrEnabled: true }));
    }
    for (const project of on.filter((p) => !next.includes(p))) await sendJson('PUT', path`/xapi/dqr/settings/project/${project}`, { dqrEnabled: false });
  }
  return (
    <Paper withBorder p="md" component="section" aria-label="Who may import">
      <Title order={3} size="h5" mb="sm">Who may import</Title>
      <Stack maw={560}>
        {change.error && <Alert color="red" role="alert">{change.error.message}</Alert>}
        <Switch label="Everybody with an account may ask PACS" description="Otherwise those whose account has the role for it." {...flag('allowAllUsersToUseDqr')} />
        <Switch label="Every project may be imported into" {...flag('allowAllProjectsToUseDqr')} />
        {String(settings.data?.allowAllProjectsToUseDqr ?? false) !== 'true' && (
          <MultiSelect
            label="Projects that may be imported into" data={[...new Set((projects.data ?? []).map((r) => r.ID ?? r.id ?? '').filter(Boolean))].sort()} value={on} searchable clearable
            onChange={(next) => change.mutate(() => setProjects(next))} nothingFoundMessage="No such project"
          />
        )}
        <Text size="xs" c="dimmed">Importing also takes the right to put data into the project.</Text>
      </Stack>
    </Paper>
  );
}
