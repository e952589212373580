/** A file to upload with its place in the folder that was dropped. */
export interface Picked {
  file: File;
  path: string;
}

const archives = /\.(zip|tar|tgz|tar\.gz)$/i;

export const isArchive = (picked: Picked) => archives.test(picked.path);

// What file systems and viewers leave behind; never images.
const leftovers = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|DICOMDIR$|desktop\.ini$)/i;

export const isLeftover = (path: string) => leftovers.test(path);

async function entriesOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  // A reader hands out a folder's entries in portions until an empty one.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

async function walk(entry: FileSystemEntry, into: Picked[]): Promise<void> {
  if (entry.isDirectory) {
    for (const inner of await entriesOf(entry as FileSystemDirectoryEntry)) await walk(inner, into);
  } else {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    into.push({ file, path: entry.fullPath.replace(/^\//, '') });
  }
}

/** All files of what was dropped, folders walked through. */
export async function filesOfDrop(items: DataTransferItemList): Promise<Picked[]> {
  // Entries have to be taken before the first await: the browser empties the list afterwards.
  const entries = [...items].map((i) => i.webkitGetAsEntry()).filter((e) => e !== null);
  const found: Picked[] = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

export const filesOfInput = (list: FileList): Picked[] => [...list].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
