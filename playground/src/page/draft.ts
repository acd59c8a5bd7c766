// What was written last, kept by the browser alone, so that closing the page loses nothing.
import type { Shared } from '../share.js';
import { addressOf, sharedIn } from '../share.js';

const key = 'nnc-draft';

/** Storage can be forbidden to a page, or full: then there is no draft. */
export function keepDraft(shared: Shared): void {
  try {
    localStorage.setItem(key, addressOf(shared));
  } catch {
    // It holds for this visit.
  }
}

export function keptDraft(): Shared | undefined {
  try {
    const read = sharedIn(localStorage.getItem(key) ?? '');
    return read.kind === 'shared' ? read.shared : undefined;
  } catch {
    return undefined;
  }
}

export function forgetDraft(): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // There is none.
  }
}
