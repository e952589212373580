import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { table } from '../api/tables';

interface Properties {
  value: string | null;
  onChange: (project: string | null) => void;
  label?: string;
  required?: boolean;
}

/** Projects that the person may put data into. */
export function ProjectSelect({ value, onChange, label = 'Project', required }: Properties) {
  const { data } = useQuery({
    queryKey: ['projects', 'writable'],
    queryFn: ({ signal }) => table('/data/projects', { permissions: 'create', dataType: 'xnat:mrSessionData' }, signal),
  });
  // The answer's columns differ between servers' versions: ID as either case.
  const ids = [...new Set((data ?? []).map((r) => r.id ?? r.ID ?? '').filter(Boolean))].sort();
  // Whoever may write to none should not have to open the list to learn it.
  return <Select label={label} description={data && ids.length === 0 ? 'You may write to no project: ask an owner to make you a member.' : undefined} data={ids} value={value} onChange={onChange} searchable required={required} nothingFoundMessage="No project that you may write to" />;
}
