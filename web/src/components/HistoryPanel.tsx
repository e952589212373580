import { Skeleton, Text, Timeline } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getJson } from '../api/http';
import { Empty } from './Empty';
import { Failure } from './Failure';

interface ChangeSet {
  id: number;
  date: string;
  user: string;
  event: string;
  reason: string;
  comment: string;
  changes: { field: string; from: string | null; to: string | null }[];
}

/** Who changed what of an object, newest first. */
export function HistoryPanel({ address }: { address: string }) {
  const { data, error, isPending, refetch } = useQuery({ queryKey: ['history', address], queryFn: ({ signal }) => getJson<{ changesets: ChangeSet[] }>(`${address}/history`, signal), staleTime: 0 });
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <Skeleton h={160} />;
  if (data.changesets.length === 0) return <Empty title="Nothing was changed since it was archived">Changes of labels, qualities and notes are kept here, with who made them and when.</Empty>;
  return (
    <Timeline bulletSize={14} lineWidth={2}>
      {data.changesets.toReversed().map((set) => (
        <Timeline.Item key={set.id} title={set.event}>
          <Text size="xs" c="dimmed">{set.user}, {set.date.slice(0, 19)}{set.reason ? `, reason: ${set.reason}` : ''}</Text>
          {set.comment && <Text size="sm">{set.comment}</Text>}
          {set.changes.map((c) => <Text size="sm" key={c.field}>{c.field}: {c.from ? <s>{c.from}</s> : 'nothing'} → {c.to || 'nothing'}</Text>)}
        </Timeline.Item>
      ))}
    </Timeline>
  );
}
