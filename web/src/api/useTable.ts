import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Query } from './http';
import { firstRows, table, type Row } from './tables';

interface Growing {
  rows: Row[];
  isPending: boolean;
  isGrowing: boolean;
  error: unknown;
  refetch: () => void;
}

/** A table that may be long: its first rows are there at once, the others follow. */
export function useTable(address: string, query: Query = {}): Growing {
  const first = useQuery({
    queryKey: ['table', address, query, 'first'],
    queryFn: ({ signal }) => table(address, { ...query, offset: 0, limit: firstRows }, signal),
    placeholderData: keepPreviousData,
  });
  const isLong = first.data?.length === firstRows;
  const rest = useQuery({
    queryKey: ['table', address, query, 'rest'],
    queryFn: ({ signal }) => table(address, { ...query, offset: firstRows, limit: 1_000_000 }, signal),
    enabled: isLong,
  });
  // The same array as long as nothing came: a long table is sorted and filtered once only.
  const rows = useMemo(() => (isLong && rest.data ? [...first.data!, ...rest.data] : (first.data ?? [])), [isLong, first.data, rest.data]);
  return {
    rows,
    isPending: first.isPending,
    isGrowing: isLong && rest.isPending,
    error: first.error ?? rest.error,
    refetch: () => void first.refetch().then(() => rest.refetch()),
  };
}
