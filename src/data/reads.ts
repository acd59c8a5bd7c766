// Which files a command has read: it replaces none of them with something else.
import { statSync } from 'node:fs';

const read = new Set<string>();

/** Remembers that the file at `path` is read. */
export function noteRead(path: string): void {
  const key = identityOf(path);
  if (key !== undefined) read.add(key);
}

/** Has the file at `path` been read, by this name, a link or another way there? */
export function isRead(path: string): boolean {
  const key = identityOf(path);
  return key !== undefined && read.has(key);
}

/** Another command begins. */
export function forgetReads(): void {
  read.clear();
}

/** Only what can be read again counts: no device, no pipe. */
function identityOf(path: string): string | undefined {
  try {
    const found = statSync(path);
    return found.isFile() ? `${found.dev}:${found.ino}` : undefined;
  } catch {
    return undefined;
  }
}
