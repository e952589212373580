import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { pacsList } from '../../api/dqr';

/** Which PACS to ask; the default one to begin with. */
export function PacsSelect({ value, onChange }: { value: number | null; onChange: (id: number | null) => void }) {
  const { data } = useQuery({ queryKey: ['pacs'], queryFn: ({ signal }) => pacsList(signal) });
  const askable = (data ?? []).filter((p) => p.queryable);
  const first = askable.find((p) => p.defaultQueryRetrievePacs) ?? askable[0];
  useEffect(() => {
    if (value === null && first) onChange(first.id);
  }, [value, first, onChange]);
  return (
    <Select
      label="PACS" required allowDeselect={false} data={askable.map((p) => ({ value: String(p.id), label: p.label || p.aeTitle }))} value={value === null ? null : String(value)}
      onChange={(v) => onChange(v ? Number(v) : null)} placeholder={data?.length === 0 ? 'None is set up yet' : undefined}
    />
  );
}
