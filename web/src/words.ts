const kinds: Record<string, string> = {
  mr: 'MR', ct: 'CT', pet: 'PET', petmr: 'PET/MR', cr: 'Radiograph (CR)', dx: 'Radiograph (DX)', us: 'Ultrasound', nm: 'Nuclear medicine', mg: 'Mammography', xa: 'Angiography',
  rf: 'Fluoroscopy', rt: 'Radiotherapy', rtImage: 'Radiotherapy', sr: 'Report', sc: 'Secondary capture', seg: 'Segmentation', otherDicom: 'Other', xc: 'Photograph', es: 'Endoscopy',
};

/** A type of the archive in the words of the field: `xnat:mrSessionData` is MR. */
export function plainType(xsiType: string): string {
  const stem = /:(\w+?)(?:Session|Scan)Data$/.exec(xsiType)?.[1];
  return stem ? (kinds[stem] ?? stem.toUpperCase()) : xsiType.replace(/^\w+:/, '').replace(/Data$/, '');
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** A number of bytes for people: 1 536 000 is 1.5 MB. */
export function plainSize(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return '';
  let unit = 0;
  let left = bytes;
  while (left >= 1000 && unit < units.length - 1) {
    left /= 1000;
    unit++;
  }
  return `${unit === 0 || left >= 100 ? Math.round(left) : left.toFixed(1)} ${units[unit]}`;
}

/** A moment as short as it can be said: the time of today, the date of another day. */
export function plainMoment(iso: string): string {
  const moment = new Date(iso);
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? moment.toLocaleTimeString('en-GB') : moment.toLocaleDateString('en-GB');
}

/** What a group of a project is called: PROJECT_owner is an owner. */
export function roleOf(group: string): string {
  const role = group.slice(group.lastIndexOf('_') + 1);
  return role.charAt(0).toUpperCase() + role.slice(1);
}
