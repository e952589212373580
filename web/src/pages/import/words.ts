/** What a request is doing, in plain words, with a colour. */
const states: Record<string, { word: string; colour: string }> = {
  queued: { word: 'queued', colour: 'gray' },
  waiting: { word: 'waiting for its time', colour: 'gray' },
  paused: { word: 'paused', colour: 'yellow' },
  running: { word: 'working', colour: 'blue' },
  asking: { word: 'asking the PACS', colour: 'blue' },
  retrieving: { word: 'retrieving', colour: 'blue' },
  verifying: { word: 'comparing', colour: 'blue' },
  complete: { word: 'complete', colour: 'teal' },
  incomplete: { word: 'incomplete', colour: 'orange' },
  refused: { word: 'refused', colour: 'red' },
  failed: { word: 'failed', colour: 'red' },
  cancelled: { word: 'cancelled', colour: 'gray' },
};

export const stateOf = (state: string) => states[state.toLowerCase()] ?? { word: state.toLowerCase(), colour: 'gray' };

export const isOver = (state: string) => /complete|refused|failed|cancelled/i.test(state);

/** The server's priorities in words; the smallest number comes first. */
export const priorities = [
  { value: 0, label: 'Before everything else' },
  { value: 1, label: 'As single studies' },
  { value: 10, label: 'As lists' },
  { value: 1000, label: 'After everything else' },
];
