import { path } from '../../api/http';

/** Where the page of something found is. */
export function pageOf(kind: string, project: string, label: string): string {
  if (kind === 'xnat:projectData') return path`/projects/${project || label}`;
  if (kind === 'xnat:subjectData') return path`/projects/${project}/subjects/${label}`;
  return path`/projects/${project}/experiments/${label}`;
}
