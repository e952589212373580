/** States of the prearchive in plain words, with a colour. */
export const stateWords: Record<string, { word: string; colour: string; meaning: string }> = {
  RECEIVING: { word: 'arriving', colour: 'blue', meaning: 'Images are still arriving.' },
  BUILDING: { word: 'preparing', colour: 'blue', meaning: 'The session is being put together.' },
  READY: { word: 'ready', colour: 'teal', meaning: 'It can be archived.' },
  CONFLICT: { word: 'conflict', colour: 'orange', meaning: 'It clashes with something in the archive.' },
  ERROR: { word: 'problem', colour: 'red', meaning: 'It could not be prepared or archived.' },
  ARCHIVING: { word: 'archiving', colour: 'violet', meaning: 'It is on its way into the archive.' },
  MOVING: { word: 'moving', colour: 'violet', meaning: 'It is being moved to another project.' },
  DELETING: { word: 'deleting', colour: 'gray', meaning: 'It is being deleted.' },
};

export function stateOf(status: string) {
  return stateWords[status.replace(/^(QUEUED)?_/, '')] ?? { word: status.toLowerCase().replaceAll('_', ' '), colour: 'gray', meaning: '' };
}

export const isBusy = (status: string) => /ARCHIVING|MOVING|DELETING|SEPARATING|BUILDING/.test(status);
