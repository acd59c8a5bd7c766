// What `nnc grad` says of options that do not fit the model.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { warm } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-grad-'));
afterAll(() => rmSync(folder, { recursive: true }));

const textbook = 'examples/textbook/textbook.nn';

/** The file of a model of these statements. */
function fileOf(statements: string): string {
  const path = join(folder, 'model.nn');
  writeFileSync(path, `model pred {\n${statements}\n}\n`);
  return path;
}

function refusal(file: string, ...args: string[]): string {
  const { status, stdout, stderr } = warm(['grad', file, ...args]);
  expect([status, stdout]).toEqual([stderr.startsWith('error[') ? 1 : 2, '']);
  return stderr.trimEnd();
}

describe('--batch', () => {
  it.each(['0', '-1', '1.5', 'Infinity', ''])('%j is no number of rows', (batch) => {
    expect(refusal(textbook, '--at', 'init', '--batch', batch)).toBe(
      `error: option '--batch <data|n>' argument '${batch}' is invalid. It should be a whole number of at least 1.`,
    );
  });

  it('names a file where it is no number', () => {
    expect(refusal(textbook, '--at', 'init', '--batch', 'none.csv')).toMatch(
      /^error\[data-unreadable\]: the data file \S+none\.csv cannot be read: there is no such file$/,
    );
  });
});

describe('--of', () => {
  it('takes scalars, and tells what other values are', () => {
    expect(refusal(textbook, '--of', 'a2')).toBe(
      'error: --of a2: a2 is [batch, 3], not a scalar of f32; there is loss',
    );
    expect(refusal(textbook, '--of', 'x')).toBe('error: --of x: x is [batch, 2], not a scalar of f32; there is loss');
  });

  it('says where a model has no scalar', () => {
    const file = fileOf('  input x: [batch, 2]\n  output y = x |> dense(3)');
    expect(refusal(file, '--of', 'y')).toBe('error: --of y: y is [batch, 3], not a scalar of f32; pred has no scalar');
    expect(refusal(file, '--of', 'z')).toBe('error: --of z: pred differentiates no z; pred has no scalar');
  });
});

describe('--wrt', () => {
  it('lists the first of many names, and suggests the pattern that may be meant', () => {
    const file = fileOf('  input x: [batch, 10, 16]\n  h = x |> repeat(6, transformer_block(2))\n  loss = mean(h^2)');
    const said = refusal(file, '--wrt', 'h.3.*');
    expect(said.length).toBeLessThan(450);
    expect(said).toMatch(
      /^error: --wrt h\.3\.\*: pred has nothing that fits h\.3\.\*; there is h\.transformer_block\.0\./,
    );
    expect(said).toMatch(/ and \d+ more; did you mean h\.transformer_block\.3\.\*\?$/);
    const near = (pattern: string): string | undefined => /mean (\S+)\?$/.exec(refusal(file, '--wrt', pattern))?.[1];
    expect(near('h.3')).toBe('h.transformer_block.3.*');
    expect(near('h.3.*W')).toBe('h.transformer_block.3.*W');
    expect(near('nothing')).toBeUndefined();
    expect(warm(['grad', file, '--wrt', 'h.transformer_block.3.*W']).status).toBe(0);
  });

  it('suggests a name that is spelt alike', () => {
    expect(refusal(textbook, '--wrt', 'w3')).toContain('did you mean W3?');
  });
});

it('refuses outputs that cannot be written', () => {
  const none = join(folder, 'none');
  expect(refusal(textbook, '-o', join(none, 'x.html'))).toContain('its folder does not exist');
  expect(existsSync(none)).toBe(false);
});

describe('--block', () => {
  const players = 'test/reference/players.nn';
  const shown = (...args: string[]): string => {
    const { status, stdout, stderr } = warm(['grad', players, ...args]);
    expect([status, stderr]).toEqual([0, '']);
    return stdout;
  };

  it('shows one train block: its losses, by what it trains, and its update', () => {
    const text = shown('--block', 'critic');
    expect(text).toMatch(/^loss += mean\(softplus\(-on_real\)\) \+ mean\(softplus\(on_fake\)\)/m);
    expect([...text.matchAll(/^∂loss\/∂(\S+\.[Wb])\s+=/gm)].map(([, name]) => name)).toEqual([
      ...['critic.dense.W', 'critic.dense.b', 'critic.dense_2.W', 'critic.dense_2.b'],
    ]);
    expect(text).toContain('clip_scale');
    expect(shown('--block', 'pull')).not.toContain('clip_scale');
  });

  it('shows each of them without, under its name, or those that have what is asked for', () => {
    expect(shown().match(/^\/\/ train .*/gm)).toEqual(['// train critic', '// train generator', '// train pull']);
    expect(shown('--wrt', 'critic.dense.W').match(/^\/\/ train .*/gm)).toEqual([
      '// train critic',
      '// train generator',
    ]);
    const whole = ['critic', 'generator', 'pull'].map((block) => `// train ${block}\n\n${shown('--block', block)}`);
    expect(shown()).toBe(whole.join('\n'));
  });

  it('is asked for by formats that show one, and names one that there is', () => {
    expect(refusal(players, '--format', 'nn')).toBe(
      'error: --format nn shows one train block: say which, as in --block critic',
    );
    expect(refusal(players, '--block', 'pul')).toBe('error: --block pul: there is critic, generator, pull');
    expect(refusal(textbook, '--block', 'a')).toBe('error: --block a: the model has no train block with a name');
    expect(JSON.parse(shown('--block', 'pull', '--format', 'json'))).toMatchObject({ of: 'loss' });
  });
});
