import { useQuery } from '@tanstack/react-query';
import { getJson } from './http';

/** What a person may do in a project; nothing that changes data until it is known. */
export interface Rights {
  canEdit: boolean;
  canDelete: boolean;
  isOwner: boolean;
  /** False as long as the server has not answered. */
  isKnown: boolean;
}

const readers = ['Collaborators', 'Read Only', 'Public'];

/** What the person may do in a project. The server decides each request by itself; this spares people switches that it refuses. */
export function useRights(project: string): Rights {
  const { data } = useQuery({ queryKey: ['rights'], queryFn: ({ signal }) => getJson<Record<string, string>>('/xapi/access/projects', signal) });
  const role = data?.[project];
  // Groups of a project's own may or may not change data; only the server knows.
  const canEdit = role !== undefined && !readers.includes(role);
  return { canEdit, canDelete: role === 'Owners', isOwner: role === 'Owners', isKnown: data !== undefined };
}
