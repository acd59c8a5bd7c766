// Which files a command has read: it replaces none of them with something else.
import { realpathSync, statSync } from 'node:fs';

const read = new Set<string>();

/** Remembers that the file at `path` is read. */
export function noteRead(path: string): void {
  const place = placeOf(path);
  if (place !== undefined) read.add(place);
}

/** Has the file at `path` been read, by this name, a symbolic link or another way there? */
export function isRead(path: string): boolean {
  const place = placeOf(path);
  return place !== undefined && read.has(place);
}

/** Another command begins. */
export function forgetReads(): void {
  read.clear();
}

/** Past symbolic links. Only what can be read again counts: no device, no pipe. */
function placeOf(path: string): string | undefined {
  try {
    const place = realpathSync(path);
    return statSync(place).isFile() ? place : undefined;
  } catch {
    return undefined;
  }
}
