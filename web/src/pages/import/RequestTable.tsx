import { Badge, Button, Group, Menu, Progress } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { steerRequest, type ImportRequest } from '../../api/dqr';
import { DataTable, type Column } from '../../components/DataTable';
import { plainMoment } from '../../words';
import { importsKey } from './keys';
import { ReportDialog } from './ReportDialog';
import { isOver, priorities, stateOf } from './words';

const reasonOf = (r: ImportRequest) =>
  [r.errorMessage, !isOver(r.state) && r.retries > 1 ? `Attempt ${r.retries}.` : '', !isOver(r.state) && r.nextAttempt ? `Next attempt ${plainMoment(new Date(r.nextAttempt).toISOString())}.` : ''].filter(Boolean).join(' ');

/** Requests with what each is doing and why; those that are ticked can be steered. */
export function RequestTable({ label, rows, ofOneProject }: { label: string; rows: ImportRequest[]; ofOneProject?: boolean }) {
  const client = useQueryClient();
  const [reported, setReported] = useState<ImportRequest>();
  const steer = useMutation({
    mutationFn: ({ them, action, priority }: { them: ImportRequest[]; action: string; priority?: number }) => Promise.allSettled(them.map((r) => steerRequest(r.id, action, priority))),
    onSettled: () => client.invalidateQueries({ queryKey: importsKey }),
  });
  const columns: Column<ImportRequest>[] = [
    {
      id: 'state', header: 'State', value: (r) => stateOf(r.state).word, width: '130px',
      cell: (r) => (
        <>
          <Badge variant="light" color={stateOf(r.state).colour}>{stateOf(r.state).word}</Badge>
          {r.expected && !isOver(r.state) && r.arrived > 0 ? <Progress size={3} mt={2} value={(100 * r.arrived) / r.expected} aria-label={`Images of row ${r.row ?? r.id}`} /> : null}
        </>
      ),
    },
    ...(ofOneProject ? [] : [{ id: 'project', header: 'Project', value: (r: ImportRequest) => r.xnatProject }]),
    { id: 'subject', header: 'Subject', value: (r) => r.subjectLabel ?? '' },
    { id: 'session', header: 'Session', value: (r) => r.experimentLabel ?? '' },
    { id: 'images', header: 'Images', value: (r) => r.arrived, width: '80px', cell: (r) => (r.expected ? `${r.arrived} of ${r.expected}` : r.arrived || '') },
    { id: 'priority', header: 'Priority', value: (r) => r.priority, width: '60px' },
    { id: 'why', header: 'Why', value: reasonOf, width: '3fr', cell: (r) => <span title={reasonOf(r)}>{reasonOf(r)}</span> },
    { id: 'changed', header: 'Last change', value: (r) => r.timestamp, width: '95px', cell: (r) => plainMoment(new Date(r.timestamp).toISOString()) },
    { id: 'report', header: '', value: () => '', width: '70px', cell: (r) => (isOver(r.state) ? <Button size="compact-xs" variant="subtle" aria-label={`Report on ${r.experimentLabel ?? r.id}`} onClick={() => setReported(r)}>Report</Button> : null) },
  ];
  return (
    <>
      <DataTable
        label={label} rows={rows} columns={columns} rowId={(r) => String(r.id)} height="45vh" initialSort={[{ id: 'changed', desc: true }]}
        actions={(them, clear) => {
          const run = (action: string, priority?: number) => { steer.mutate({ them, action, priority }); clear(); };
          return (
            <Group gap="xs">
              <Button size="xs" variant="default" onClick={() => run('pause')}>Pause</Button>
              <Button size="xs" variant="default" onClick={() => run('resume')}>Resume</Button>
              <Button size="xs" variant="default" onClick={() => run('retry')}>Try again</Button>
              <Menu>
                <Menu.Target><Button size="xs" variant="default">Priority</Button></Menu.Target>
                <Menu.Dropdown>{priorities.map((p) => <Menu.Item key={p.value} onClick={() => run('priority', p.value)}>{p.label}</Menu.Item>)}</Menu.Dropdown>
              </Menu>
              <Button size="xs" variant="light" color="red" onClick={() => run('cancel')}>Cancel</Button>
            </Group>
          );
        }}
      />
      <ReportDialog request={reported} onClose={() => setReported(undefined)} />
    </>
  );
}
