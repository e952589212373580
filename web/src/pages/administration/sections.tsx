import { lazy, type ComponentType, type LazyExoticComponent } from 'react';

/** A part of the administration: its place in the address, its name, its page. */
export interface Section {
  at: string;
  label: string;
  page: LazyExoticComponent<ComponentType>;
}

/** All parts, in groups by what they look after; each is loaded when it is opened. */
export const groups: { label: string; sections: Section[] }[] = [
  {
    label: 'People',
    sections: [
      { at: 'users', label: 'Users', page: lazy(() => import('./Users').then((m) => ({ default: m.Users }))) },
      { at: 'registrations', label: 'Registrations', page: lazy(() => import('./Registrations').then((m) => ({ default: m.Registrations }))) },
      { at: 'training', label: 'Training', page: lazy(() => import('./Training').then((m) => ({ default: m.Training }))) },
      { at: 'audit', label: 'Audit', page: lazy(() => import('./AuditTrail').then((m) => ({ default: m.AuditTrail }))) },
    ],
  },
  {
    label: 'Images',
    sections: [
      { at: 'receivers', label: 'Receivers', page: lazy(() => import('./Receivers').then((m) => ({ default: m.Receivers }))) },
      { at: 'pacs', label: 'PACS and hours', page: lazy(() => import('./pacs/PacsSites').then((m) => ({ default: m.PacsSites }))) },
      { at: 'script', label: 'Script on arrival', page: lazy(() => import('./SiteScript').then((m) => ({ default: m.SiteScript }))) },
      { at: 'filter', label: 'Series filter', page: lazy(() => import('./SiteFilter').then((m) => ({ default: m.SiteFilter }))) },
      { at: 'opt-outs', label: 'Opt-outs', page: lazy(() => import('./OptOuts').then((m) => ({ default: m.OptOuts }))) },
      { at: 'quarantine', label: 'Quarantine', page: lazy(() => import('./Quarantine').then((m) => ({ default: m.Quarantine }))) },
    ],
  },
  {
    label: 'Server',
    sections: [
      { at: 'health', label: 'Health', page: lazy(() => import('./Health').then((m) => ({ default: m.Health }))) },
      { at: 'jobs', label: 'Jobs', page: lazy(() => import('./Jobs').then((m) => ({ default: m.Jobs }))) },
      { at: 'storage', label: 'Storage', page: lazy(() => import('./Storage').then((m) => ({ default: m.Storage }))) },
      { at: 'settings', label: 'Settings', page: lazy(() => import('./Settings').then((m) => ({ default: m.Settings }))) },
    ],
  },
];

export const sections = groups.flatMap((g) => g.sections);
