import type { Counts, InstanceState } from '../../../api/comparison';

/** What becomes of an instance, in plain words, with a colour; in the order of interest. */
export const states: { id: InstanceState; word: string; colour: string; meaning: string }[] = [
  { id: 'different', word: 'different', colour: 'orange', meaning: 'The archive has the same image with other content.' },
  { id: 'nameTaken', word: 'name taken', colour: 'orange', meaning: 'Another image of the archived session has its file name.' },
  { id: 'failed', word: 'fails', colour: 'red', meaning: "The project's rules cannot de-identify it: it would go to quarantine." },
  { id: 'new', word: 'new', colour: 'teal', meaning: 'The archived session does not have it yet.' },
  { id: 'identical', word: 'identical', colour: 'gray', meaning: 'The archive has it already, byte for byte.' },
  { id: 'dropped', word: 'dropped', colour: 'gray', meaning: "The project's rules leave it out." },
  { id: 'archivedOnly', word: 'only in the archive', colour: 'blue', meaning: 'It did not come this time; it stays as it is.' },
];

export const stateOfInstance = (id: InstanceState) => states.find((s) => s.id === id)!;

/** How many came, whatever becomes of them. */
export const arrivedCount = (counts: Counts) => Object.entries(counts).reduce((sum, [state, count]) => (state === 'archivedOnly' ? sum : sum + count), 0);

/** How many images the archive holds now. */
export const archivedCount = (counts: Counts) => (counts.identical ?? 0) + (counts.different ?? 0) + (counts.archivedOnly ?? 0);

export const images = (count: number) => `${count.toLocaleString('en-GB')} ${count === 1 ? 'image' : 'images'}`;
