/** What is said of a scan. */
export const qualities = ['usable', 'questionable', 'unusable'];

const colours: Record<string, string> = { usable: 'teal', questionable: 'yellow', unusable: 'red' };

export const qualityColour = (quality: string | undefined) => colours[quality ?? ''] ?? 'gray';
