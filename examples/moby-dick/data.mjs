// Windows of 64 characters, each with what follows it: the last ten chapters are held back.
import { chaptersAsText, encode } from './book.mjs';

const length = 64;

/** Window after window; the targets are the same characters, one further on. */
function windows(text) {
  const ids = encode(text);
  const end = Math.floor((ids.length - 1) / length) * length;
  return { text: ids.subarray(0, end), next: ids.subarray(1, end + 1) };
}

export const train = windows(chaptersAsText(1, 125));
export const test = windows(chaptersAsText(126, 135));
