// What a kernel that threads share reads from around it: which thread it is, how many there are, and where its own memory lies.
import { threadWords } from './control.js';
import { add, axis, constantOf, type Axis, type Index } from './index.js';

/** More are of no use. */
const mostThreads = 256;

/** The number of this thread, from 0. */
export const thread: Axis = axis('thread', mostThreads);

/** How many threads there are. */
export const threads: Axis = axis('threads', mostThreads + 1);

/** Where this thread's own buffers begin, in words. */
export const ownMemory: Axis = axis('own', 2 ** 30);

/** Words at the start of memory by which threads wait for one another. */
export const controlWords: number = threadWords.length;

/** Words between what two threads have for themselves: so far ahead a core fetches what it takes to be read next, which slows down who writes it. */
const between = 16_384;

/** How far apart threads' own memories of so many words begin. */
export function ownStride(own: Index): Index {
  return constantOf(own) === 0 ? own : add(own, between);
}
