import { Button, Group, SegmentedControl, Skeleton, Stack, Switch, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { batches, requests } from '../../api/dqr';
import { useChanges } from '../../api/useChanges';
import { Empty } from '../../components/Empty';
import { Failure } from '../../components/Failure';
import { usePerson } from '../../session/session';
import { BatchCard } from './BatchCard';
import { importsKey } from './keys';
import { RequestTable } from './RequestTable';

const cardsAtOnce = 10;

/** Everything that was asked for: what runs, what waits and why, what came of it. */
export function Queue() {
  useChanges('imports', importsKey);
  const { isAdministrator } = usePerson();
  const [list, setList] = useState<'queue' | 'history'>('queue');
  const [opened, setOpened] = useState<string>();
  const [everybody, setEverybody] = useState(false);
  const [cards, setCards] = useState(cardsAtOnce);
  const all = useQuery({ queryKey: [...importsKey, 'batches', everybody], queryFn: ({ signal }) => batches(everybody, signal) });
  const single = useQuery({ queryKey: [...importsKey, list, everybody], queryFn: ({ signal }) => requests(list, everybody, signal) });
  if (all.error) return <Failure error={all.error} retry={() => void all.refetch()} />;
  const known = all.data ?? [];
  return (
    <Stack>
      {isAdministrator && <Switch label="Show everybody’s imports" checked={everybody} onChange={(e) => setEverybody(e.currentTarget.checked)} />}
      {known.slice(0, cards).map((b) => <BatchCard key={b.id} summary={b} isOpen={opened === b.id} onOpen={() => setOpened(opened === b.id ? undefined : b.id)} />)}
      {known.length > cards && <Button variant="subtle" onClick={() => setCards(cards + cardsAtOnce)}>Show older lists ({known.length - cards})</Button>}
      <Group justify="space-between">
        <Title order={3} size="h5">Requests</Title>
        <SegmentedControl aria-label="Which requests" value={list} onChange={(v) => setList(v as typeof list)} data={[{ value: 'queue', label: 'Under way' }, { value: 'history', label: 'Ended' }]} />
      </Group>
      {single.error ? <Failure error={single.error} /> : single.isPending ? <Skeleton h={160} />
        : single.data.length === 0 ? <Empty title={list === 'queue' ? 'Nothing is under way' : 'Nothing has ended yet'}>Studies that you import from a search or a list appear here, and stay in sight while they are fetched.</Empty>
        : <RequestTable label="Requests" rows={single.data} />}
    </Stack>
  );
}
