import { Alert, Anchor, Badge, Button, Checkbox, Group, Modal, NumberInput, Paper, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type FormEvent } from 'react';
import { days, hoursOf, removeHours, saveHours, type Day, type Hours, type PacsSite } from '../../../api/pacs';
import { Failure } from '../../../components/Failure';

const plainDay = (day: Day) => day[0] + day.slice(1).toLowerCase();

const minutes = (time: string, isEnd: boolean) => {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return isEnd && hour === 0 && minute === 0 ? 1440 : hour * 60 + minute;
};

const words = (h: Hours) => `${h.availabilityStart} to ${h.availabilityEnd === '00:00' ? '24:00' : h.availabilityEnd}: ${h.threads === 0 ? 'closed' : `${h.threads} at once${h.utilizationPercent < 100 ? `, ${h.utilizationPercent} % of the time` : ''}`}`;

interface Draft {
  hours: Hours;
  on: Day[];
}

function HoursDialog({ draft, onClose }: { draft: Draft | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [fields, setFields] = useState<Draft>();
  useEffect(() => setFields(draft), [draft]);
  const settle = () => client.invalidateQueries({ queryKey: ['pacs', 'hours'] });
  const saving = useMutation({
    mutationFn: async ({ hours, on }: Draft) => {
      for (const day of on) await saveHours({ ...hours, dayOfWeek: day });
    },
    onSettled: settle,
    onSuccess: onClose,
  });
  const removing = useMutation({ mutationFn: removeHours, onSettled: settle, onSuccess: onClose });
  if (!fields || !draft) return null;
  const { hours, on } = fields;
  const isNew = hours.id === undefined;
  const set = (to: Partial<Hours>) => setFields({ ...fields, hours: { ...hours, ...to } });
  return (
    <Modal opened onClose={onClose} title={isNew ? 'Add hours' : 'Change hours'}>
      <form onSubmit={(e: FormEvent) => { e.preventDefault(); saving.mutate(fields); }}>
        <Stack>
          {(saving.error ?? removing.error) && <Alert color="red" role="alert">{(saving.error ?? removing.error)!.message}</Alert>}
          {isNew && (
            <Checkbox.Group label="Days" value={on} onChange={(v) => setFields({ ...fields, on: days.filter((d) => v.includes(d)) })}>
              <Group mt="xs" gap="sm">{days.map((d) => <Checkbox key={d} value={d} label={plainDay(d).slice(0, 3)} />)}</Group>
            </Checkbox.Group>
          )}
          <Group grow>
            <TextInput label="From" type="time" required value={hours.availabilityStart} onChange={(e) => set({ availabilityStart: e.currentTarget.value })} />
            <TextInput label="To" description="00:00 is midnight at the end of the day" type="time" required value={hours.availabilityEnd} onChange={(e) => set({ availabilityEnd: e.currentTarget.value })} inputWrapperOrder={['label', 'input', 'description']} />
          </Group>
          <Group grow align="flex-start">
            <NumberInput label="Studies at once" description="0 is closed" min={0} max={64} value={hours.threads} onChange={(v) => set({ threads: Number(v) || 0 })} />
            <NumberInput label="Share of the time, in %" description="Below 100, a rest follows each study" min={0} max={100} value={hours.utilizationPercent} onChange={(v) => set({ utilizationPercent: Number(v) || 0 })} />
          </Group>
          <Group justify="space-between">
            {isNew ? <span /> : <Button color="red" variant="light" loading={removing.isPending} onClick={() => removing.mutate(hours)}>Take out</Button>}
            <Group><Button variant="default" onClick={onClose}>Cancel</Button><Button type="submit" disabled={on.length === 0} loading={saving.isPending}>Save</Button></Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** The week of a PACS: when it may be asked for images, and how hard. */
export function HoursPanel({ site }: { site: PacsSite }) {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['pacs', 'hours', site.id], queryFn: ({ signal }) => hoursOf(site.id!, signal) });
  const [draft, setDraft] = useState<Draft>();
  const isOpen = data && days.some((d) => data[d].some((h) => h.availableNow));
  return (
    <Paper withBorder p="md" component="section" aria-label={`Hours of ${site.label}`}>
      <Group justify="space-between" mb="sm">
        <Group gap="sm"><Title order={3} size="h5">Hours of {site.label}</Title>{data && <Badge variant="light" color={isOpen ? 'teal' : 'gray'}>{isOpen ? 'open now' : 'closed now'}</Badge>}</Group>
        <Button
          size="xs" variant="default"
          onClick={() => setDraft({ on: [], hours: { pacsId: site.id!, dayOfWeek: 'MONDAY', availabilityStart: '20:00', availabilityEnd: '00:00', threads: 1, utilizationPercent: 100 } })}
        >
          Add hours
        </Button>
      </Group>
      {error ? <Failure error={error} retry={() => void refetch()} /> : isPending ? <Skeleton h={220} /> : (
        <Stack gap={6}>
          {days.map((day) => (
            <div key={day} className="weekDay">
              <Text size="sm">{plainDay(day)}</Text>
              <div className="weekBar" aria-hidden>
                {data[day].map((h) => {
                  const from = minutes(h.availabilityStart, false);
                  return <div key={h.id} className="weekHours" data-closed={h.threads === 0} style={{ left: `${from / 14.4}%`, width: `${(minutes(h.availabilityEnd, true) - from) / 14.4}%` }} />;
                })}
              </div>
              <Group gap="sm">
                {data[day].length === 0 && <Text size="sm" c="dimmed">closed</Text>}
                {data[day].map((h) => <Anchor key={h.id} component="button" size="sm" onClick={() => setDraft({ on: [day], hours: h })} aria-label={`${plainDay(day)}, ${words(h)}`}>{words(h)}</Anchor>)}
              </Group>
            </div>
          ))}
          <Text size="xs" c="dimmed">Local time of the server. Studies that are asked for at other times wait; searches are always answered.</Text>
        </Stack>
      )}
      <HoursDialog draft={draft} onClose={() => setDraft(undefined)} />
    </Paper>
  );
}
