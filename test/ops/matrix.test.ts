// First derivatives of functions at patterns of broadcasting, axes and edges of shapes: a share of what test/full/matrix.test.ts goes through.
import { describe, expect, it } from 'vitest';
import { matrix } from '../support/matrix.js';
import { matrixFaults } from '../support/matrixFaults.js';

describe.each(Object.entries(matrix()))('%s', (_, cases) => {
  it('have the derivatives that differences give', () => {
    // Of every function some patterns, and of every pattern some functions.
    const share = cases.length < 20 ? cases : cases.filter((_, i) => i % 4 === Math.floor(i / 4) % 4);
    expect(share.flatMap((one) => matrixFaults(one, 1))).toEqual([]);
  });
});
