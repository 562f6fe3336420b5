/** A file that someone chose, and where it lies in what they chose: "train/labels.csv". */
export type PickedFile = { path: string; file: File };

/** The files of a file input; with `webkitdirectory` their paths begin with the folder's name. */
export function filesOfInput(list: FileList | null): PickedFile[] {
  return [...(list ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/**
 * What was dropped, folders with all that is in them. Call it while the event is handled: the browser takes the items
 * back afterwards. Rejects where a folder or file cannot be read.
 */
export function filesOfDrop({ items, files }: DataTransfer): Promise<PickedFile[]> {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return entries.length ? readAll(entries) : Promise.resolve(filesOfInput(files));
}

async function readAll(entries: FileSystemEntry[]): Promise<PickedFile[]> {
  const found = await Promise.all(entries.map(read));
  return found.flat();
}

async function read(entry: FileSystemEntry): Promise<PickedFile[]> {
  if (isFolder(entry)) return readAll(await entriesOf(entry.createReader()));
  const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
  return [{ path: entry.fullPath.replace(/^\//, ""), file }];
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

/** A reader gives a folder in parts, a hundred at a time in Chromium; an empty part is the end. */
async function entriesOf(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const found: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (!part.length) return found;
    found.push(...part);
  }
}
