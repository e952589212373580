import { at } from './at';
import { getJson, sendJson } from './http';

export const residualPolicies = ['off', 'flag', 'quarantine', 'blank'] as const;
export type ResidualPolicy = (typeof residualPolicies)[number];
export const failurePolicies = ['apart', 'hold'] as const;
export type FailurePolicy = (typeof failurePolicies)[number];

/** What a project wants done with identifiers that are left, and with sessions of which something failed. */
export interface Policy {
  residual: ResidualPolicy;
  failures: FailurePolicy;
  /** What the project says itself; null leaves it to the site. */
  stated: { residual: ResidualPolicy | null; failures: FailurePolicy | null };
}

export const policyOf = (project: string, signal?: AbortSignal) => getJson<Policy>(at('/xapi/deidentification/projects/{project}/policy', { project }), signal);
export const setPolicy = (project: string, to: Partial<Policy['stated']>) => sendJson<Policy>('PUT', at('/xapi/deidentification/projects/{project}/policy', { project }), to);

/** What de-identification did to a project, summed up. */
export interface ProjectReport {
  sessions: { experiment: string; label: string; runs: number; lastArchived: string | null; objects: number; passed: number; rejected: number; quarantined: number; residualObjects: number; residualFindings: number }[];
  withoutReport: string[];
}

export const reportOf = (project: string, signal?: AbortSignal) => getJson<ProjectReport>(at('/xapi/deidentification/projects/{project}/report', { project }), signal);
