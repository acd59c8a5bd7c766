// Which forms a walk along passes verifies: each, the last of each stage, or none.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { passesFrom } from '../../src/passes.js';
import { walk, type Context, type Pass } from '../../src/passes/pipeline.js';
import { verification } from '../../src/passes/verification.js';
import { contextFor } from '../support/forms.js';

/** Makes another source, which is wrong or right. */
const making = (name: 'wrong' | 'right'): Pass => ({
  ...{ name, why: '', from: 'source', to: 'source', optional: false },
  applies: () => true,
  run: () => ({ stage: 'source', is: { file: `${name}.nn`, text: 'fn f(x) = x\n' } }),
  print: () => name,
  verify: () => (name === 'wrong' ? ['it is not right'] : []),
});
const [wrong, right] = [making('wrong'), making('right')];
const parse = passesFrom('parse', 'parse');

const run = (passes: readonly Pass[], options: Partial<Context> = {}): string | undefined =>
  walk({ stage: 'source', is: { file: 'm.nn', text: '' } }, passes, { ...contextFor('ts'), ...options })?.stage;
const fault = 'wrong has made a source that is wrong:\nit is not right';

describe('a walk', () => {
  let before: (typeof verification)['of'];
  beforeEach(() => (before = verification.of));
  afterEach(() => (verification.of = before));

  it('verifies what each pass has made', () => {
    verification.of = 'passes';
    expect(() => run([wrong, right])).toThrow(fault);
    expect(run([right, ...parse])).toBe('tree');
  });

  it('verifies the last form of each stage', () => {
    verification.of = 'stages';
    expect(run([wrong, right, ...parse])).toBe('tree');
    expect(() => run([right, wrong, ...parse])).toThrow(fault);
    expect(() => run([right, wrong])).toThrow(fault);
    expect(() => run([wrong, { ...right, applies: () => false }, ...parse])).toThrow(fault);
  });

  it('verifies nothing unless it is asked for', () => {
    verification.of = 'nothing';
    expect(run([wrong, ...parse])).toBe('tree');
    expect(() => run([wrong, right], { verify: true })).toThrow(fault);
  });
});
