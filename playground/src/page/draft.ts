// What was written last, kept by the browser alone, so that closing the page loses nothing: by the entry of the tab's history that it was written
// at, for going back and reloading, each tab for itself; and for later visits once, whichever tab wrote last.
import { addressOf, sharedIn, type Shared } from '../share.js';

const key = 'nnc-draft';

interface Entry {
  readonly draft: string;
}

/** Beside these a text or file of the user's is not kept: packing it took longer than typing a word. Characters. */
const mostKept = 1_000_000;

/** Storage and history can be forbidden to a page, or full: then nothing is kept in them. */
export function tried<Result>(what: () => Result): Result | undefined {
  try {
    return what();
  } catch {
    return undefined;
  }
}

/** Are the data small enough to be kept with what is written? */
export function areKept({ data }: Pick<Shared, 'data'>): boolean {
  return !('text' in data) || data.text === undefined || data.text.length <= mostKept;
}

/** Keeps it, at the address of no example and no link: a reload is to show this. */
export function keepDraft(shared: Shared): void {
  const draft = addressOf(
    areKept(shared) ? shared : { ...shared, data: { ...shared.data, text: '' } as Shared['data'] },
  );
  tried(() => history.replaceState({ draft } satisfies Entry, '', location.pathname));
  tried(() => localStorage.setItem(key, draft));
}

/** What was written at this entry of the tab's history. */
export function draftHere(): Shared | undefined {
  return tried(() => readIn((history.state as Partial<Entry> | null)?.draft));
}

/** What was written last, in any tab. */
export function lastDraft(): Shared | undefined {
  return tried(() => readIn(localStorage.getItem(key)));
}

function readIn(draft: string | null | undefined): Shared | undefined {
  const read = sharedIn(draft ?? '');
  return read.kind === 'shared' ? read.shared : undefined;
}
