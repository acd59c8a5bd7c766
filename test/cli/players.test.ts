// Commands on a model of several train blocks: a step is a pass of each.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nnc, warm } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-players-'));
afterAll(() => rmSync(folder, { recursive: true }));

const players = readFileSync(new URL('../reference/players.nn', import.meta.url), 'utf8');
beforeAll(() => {
  const data = 'data = csv("rows.csv", real = 0..1, z = 2..4), epochs = 2';
  writeFileSync(join(folder, 'players.nn'), players.replace('train { batch = 8 }', `train { batch = 8, ${data} }`));
  const rows = Array.from({ length: 40 }, (_, i) => [1, 2, 3, 4, 5].map((k) => Math.sin(k * i).toFixed(4)).join(','));
  writeFileSync(join(folder, 'rows.csv'), `a,b,c,d,e\n${rows.join('\n')}\n`);
});

describe('a model of several train blocks', () => {
  it('is trained: each epoch tells the mean of every loss that its steps have computed', () => {
    const { status, stdout, stderr } = nnc(['train', 'players.nn', '--target', 'ts'], { cwd: folder });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/epoch 2\/2 {2}loss \S+ {2}critic_loss \S+ .*generator_loss \S+/);
  });

  it('is explained: one training step has all passes', () => {
    const { stdout } = warm(['explain', join(folder, 'players.nn')]);
    expect(stdout).toMatch(/^players {2}one training step on ts, batch 8\n/);
    expect(stdout).toMatch(/^ {2}gen /m);
    expect(stdout).toMatch(/^ {2}critic /m);
  });

  it('has gradients that agree with central differences', () => {
    const { status, stdout } = warm(['gradcheck', join(folder, 'players.nn')]);
    expect(stdout).toContain('all 10 parameters agree');
    expect(status).toBe(0);
  });
});
