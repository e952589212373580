import type { Study } from '../../api/dqr';

/** The labels that take the place of what the study is called. */
export interface Labels {
  subject: string;
  session: string;
}

export type LabelsByStudy = Readonly<Record<string, Labels>>;

const empty: Labels = { subject: '', session: '' };

export const labelsOf = (labels: LabelsByStudy, study: Study): Labels => labels[study.studyInstanceUid] ?? empty;

/** Gives labels to studies that have none: a number for each patient, and for each session its kind and a number. What was typed stays. */
export function fillLabels(studies: readonly Study[], typed: LabelsByStudy, prefix: string): LabelsByStudy {
  const filled: Record<string, Labels> = { ...typed };
  const usedSubjects = new Set(Object.values(typed).map((l) => l.subject).filter(Boolean));
  const usedSessions = new Set(Object.values(typed).map((l) => l.session).filter(Boolean));
  const subjectOfPatient = new Map<string, string>();
  for (const study of studies) {
    const own = labelsOf(typed, study).subject;
    if (own && study.patient.id) subjectOfPatient.set(study.patient.id, own);
  }
  let next = 1;
  const newSubject = () => {
    for (;;) {
      const label = `${prefix}${String(next++).padStart(3, '0')}`;
      if (!usedSubjects.has(label)) return label;
    }
  };
  for (const study of studies) {
    const now = labelsOf(filled, study);
    // A patient without an ID cannot be known again: each of their studies is a subject of its own.
    const subject = now.subject || (study.patient.id && subjectOfPatient.get(study.patient.id)) || newSubject();
    if (study.patient.id) subjectOfPatient.set(study.patient.id, subject);
    usedSubjects.add(subject);
    let session = now.session;
    for (let n = 1; !session; n++) {
      const label = `${subject}_${study.modalitiesInStudy[0] ?? 'ST'}${n}`;
      if (!usedSessions.has(label)) session = label;
    }
    usedSessions.add(session);
    filled[study.studyInstanceUid] = { subject, session };
  }
  return filled;
}

/** Takes rows copied from a spreadsheet: from a study downwards, subject first, session second. */
export function pasteLabels(studies: readonly Study[], typed: LabelsByStudy, from: number, column: keyof Labels, text: string): LabelsByStudy {
  const changed: Record<string, Labels> = { ...typed };
  text.replace(/\r?\n$/, '').split(/\r?\n/).forEach((line, i) => {
    const study = studies[from + i];
    if (!study) return;
    const [first = '', second] = line.split('\t').map((cell) => cell.trim());
    const now = labelsOf(changed, study);
    changed[study.studyInstanceUid] = column === 'subject' ? { subject: first, session: second ?? now.session } : { ...now, session: first };
  });
  return changed;
}

/** What is wrong with the labels of a study; undefined if nothing. */
export function labelFault(studies: readonly Study[], labels: LabelsByStudy, study: Study): string | undefined {
  const { subject, session } = labelsOf(labels, study);
  if (!subject || !session) return 'Both labels are needed.';
  if (studies.some((s) => s !== study && labelsOf(labels, s).session.toLowerCase() === session.toLowerCase())) return 'Another study has this session label.';
  return undefined;
}
