// Formatting 10,000 random programs.
import { it } from 'vitest';
import { checkRandomPrograms } from '../support/formatting.js';

it('keeps what a program says, its comments and their places', () => {
  checkRandomPrograms(10_000, 20);
});
