// Hints for those who come from other libraries and languages: what they advise is there.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/compile.js';
import { foreignNames, nameHere, plain, usages, withoutDots } from '../../src/diagnostics/foreign.js';
import { library } from '../../src/embedded.js';
import { listOperations } from '../../src/inspect/operations.js';

const known = new Set(listOperations(library).map(({ name }) => name));

/** What is called in a hint: `f` is a function of the user's. */
const callsIn = (hint: string): string[] =>
  [...hint.matchAll(/([a-z_][a-z_\d]*)\(/g)].map(([, name]) => name).filter((name) => name !== 'f' && name !== 'index');

describe('hints', () => {
  it('call only what the library has', () => {
    const unknown = [...foreignNames.values(), ...usages.values()].flatMap(callsIn).filter((name) => !known.has(name));
    expect(unknown).toEqual([]);
  });

  it('are about functions that exist, where they say how one is used', () => {
    expect([...usages.keys()].filter((name) => !known.has(name))).toEqual([]);
  });

  it('have plain names as keys', () => {
    expect([...foreignNames.keys()].filter((name) => plain(name) !== name)).toEqual([]);
  });

  it('leave the names of the library alone where they differ in case and underscores only', () => {
    expect(nameHere('LayerNorm', 'layer_norm')).toBe('did you mean layer_norm?');
    expect(nameHere('Size', 'size')).toBe('did you mean size?');
    expect(nameHere('size', 'sine')).toBe('write shape(x)');
  });
});

describe('what stands behind a dot', () => {
  it.each([
    ['h', ['shape'], 'none', 'write shape(h)'],
    ['h', ['T'], 'none', 'write transpose(h)'],
    ['h', ['mean'], 'empty', 'write mean(h)'],
    ['h', ['sum'], 'arguments', 'write sum(h, …)'],
    ['h', ['view'], 'arguments', 'write reshape(h, [n, -1])'],
    ['torch', ['nn', 'functional', 'relu'], 'arguments', 'names stand by themselves: write relu'],
    ['nn', ['Conv2d'], 'arguments', 'names stand by themselves: write conv2d'],
    ['self', ['encoder'], 'arguments', 'write encoder: what a body defines has a name of its own'],
  ] as const)('%s.%s is told', (head, path, call, told) => {
    expect(withoutDots(head, path, call)).toBe(told);
  });

  it('is one message a line, however many dots there are', () => {
    const text = 'model m {\n  input x: [batch, 4]\n  a = torch.nn.functional.relu(x.view(-1))\n  output x\n}\n';
    const codes = check({ file: 'm.nn', text }).diagnostics.map(({ code }) => code);
    expect(codes).toEqual(['foreign-member', 'foreign-member']);
  });

  it('takes time in proportion to the line', () => {
    const line = 'a.b + '.repeat(20_000);
    const { diagnostics } = check({ file: 'm.nn', text: `model m {\n  z = ${line}1\n}\n` });
    expect(diagnostics.map(({ code }) => code)).toContain('foreign-member');
  });

  it('is not a number, a range or an ellipsis', () => {
    const text = 'model m {\n  input x: [batch, 4]\n  output y = 0.5 * x[..., 1:] + 1.5e-3\n}\n';
    expect(check({ file: 'm.nn', text }).diagnostics).toEqual([]);
  });
});
