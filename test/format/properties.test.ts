// Formatting random programs: only white space changes, and once is enough.
import { it } from 'vitest';
import { checkRandomPrograms } from '../support/formatting.js';

it('keeps what a program says, its comments and their places', () => {
  checkRandomPrograms(250, 8);
});
