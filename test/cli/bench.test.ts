// `nnc bench` from outside: what it prints, as a table and as data.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nnc, warm } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

const model = `model tagger(units = 16) {
  input words: index(50)[batch, 6]
  input known: bool[batch]
  input tag: index(3)[batch]
  vectors = words |> embedding(8) |> flatten
  logits = (if known[:, none] then vectors else 0.5 * vectors) |> dense(units) |> relu |> dense(3)
  loss = cross_entropy(logits, tag)
  train {
    optimizer = adam()
    batch     = 20
  }
}
`;
writeFileSync(join(folder, 'tagger.nn'), model);
writeFileSync(
  join(folder, 'wide.nn'),
  `model wide {
  input x: [batch, 128]
  input y: [batch, 4]
  loss = mse(x |> dense(256) |> relu |> dense(4), y)
  train { optimizer = adam(), batch = 64 }
}
`,
);
writeFileSync(join(folder, 'idle.nn'), 'model idle {\n  input x: [batch, 1]\n  loss = mean(x |> dense(1))\n}\n');

function bench(...args: string[]): ReturnType<typeof warm> {
  return warm(['bench', '--seconds', '0.1', ...args], { cwd: folder });
}

interface Measured {
  readonly model: string;
  readonly target: string;
  readonly batch: number;
  readonly threads: number;
  readonly stepsPerSecond: number;
  readonly secondsPerStep: number;
  readonly flopsPerStep: number;
  readonly memory: {
    readonly total: number;
    readonly parameters: number;
    readonly optimizer: number;
    readonly tensors: number;
  };
  readonly peak?: number;
  readonly kernels: readonly {
    readonly name: string;
    readonly formulas: readonly string[];
    readonly plan: string;
    readonly secondsPerCall: number;
    readonly callsPerStep: number;
    readonly share: number;
    readonly flopsPerCall: number;
  }[];
}

describe('bench', () => {
  it.each(['ts', 'wasm'])('measures %s', (target) => {
    const { status, stdout, stderr } = bench('tagger.nn', '--target', target, '--batch', '32', '--json');
    expect([status, stderr]).toEqual([0, '']);
    const measured: Measured = JSON.parse(stdout);
    expect(measured).toMatchObject({ model: 'tagger', target, batch: 32 });
    expect(measured.stepsPerSecond * measured.secondsPerStep).toBeCloseTo(1);
    const { total, parameters, optimizer, tensors } = measured.memory;
    expect(parameters).toBe(4 * (50 * 8 + 48 * 16 + 16 + 16 * 3 + 3));
    expect(optimizer).toBe(2 * parameters);
    expect(tensors).toBeGreaterThan(32 * 16 * 4);
    expect(parameters + optimizer + tensors).toBe(total);
    expect(measured.peak === undefined).toBe(target === 'ts');
    const flops = measured.kernels.reduce((sum, k) => sum + k.callsPerStep * k.flopsPerCall, 0);
    expect(flops).toBe(measured.flopsPerStep);
    // Three products forward and backward of 48→16, and 16→3.
    expect(flops).toBeGreaterThan(2 * 32 * 3 * (48 * 16 + 16 * 3));
    const shares = measured.kernels.reduce((sum, { share }) => sum + share, 0);
    expect(shares).toBeGreaterThan(0);
    expect(shares).toBeLessThan(1.0001);
    for (const kernel of measured.kernels) {
      expect(kernel.secondsPerCall).toBeGreaterThan(0);
      expect(kernel.formulas.length).toBeGreaterThan(0);
    }
  });

  it('prints a table', () => {
    const { status, stdout, stderr } = bench('tagger.nn', '--target', 'wasm');
    expect([status, stderr]).toEqual([0, '']);
    const [head, speed, arithmetic, memory, gap, titles, ...rows] = stdout.trimEnd().split('\n');
    expect(head).toBe('tagger  wasm, batch 20');
    expect(speed).toMatch(/^speed {7}[\d,.]+ steps\/s, [\d.]+ [mµn]?s a step$/);
    expect(arithmetic).toMatch(
      /^arithmetic {2}[\d.]+ kFLOP a step, [\d.]+ GFLOP\/s of [\d.]+ that this core can multiply and add$/,
    );
    expect(memory).toMatch(/^memory {6}64\.0 KiB \(parameters 4\.8, optimizer 9\.6, tensors 49\.5\)$/);
    expect(gap).toBe('');
    expect(titles).toMatch(/^kernel +a call +calls +share +GFLOP\/s +of peak +plan$/);
    expect(rows.at(-1)).toMatch(/^\(the rest\)/);
    const end = titles.indexOf('share') + 'share'.length;
    for (const row of rows) expect(row[end - 1]).toBe('%');
    expect(stdout).not.toContain('\u001b');
  });

  it('measures threads, which do the work of one', () => {
    const [alone, together] = ['1', '2'].map((threads): Measured => {
      const { status, stdout, stderr } = bench('wide.nn', '--target', 'wasm', '--json', '--threads', threads);
      expect([status, stderr]).toEqual([0, '']);
      return JSON.parse(stdout) as Measured;
    });
    expect([alone.threads, together.threads]).toEqual([1, 2]);
    expect(together.flopsPerStep).toBe(alone.flopsPerStep);
    expect(together.kernels.map((k) => k.flopsPerCall)).toEqual(alone.kernels.map((k) => k.flopsPerCall));
    expect(together.memory.total).toBeGreaterThanOrEqual(alone.memory.total);
    expect(bench('wide.nn', '--threads', '2').stdout).toMatch(
      /^wide {2}wasm, batch 64, 2 threads\n[^]* that (2 cores like this one|this core) can multiply and add\n/,
    );
    // Too little to share.
    expect(bench('tagger.nn', '--threads', '2', '--set', 'units=2').stdout).toMatch(/^tagger {2}wasm, batch 20\n/);
    expect(bench('wide.nn', '--threads', '2', '--target', 'ts')).toMatchObject({
      status: 2,
      stderr: 'error: --threads is for --target wasm\n',
    });
  });

  it('reads standard input and overrides parameters', () => {
    const { status, stdout } = nnc(['bench', '-', '--seconds', '0.1', '--set', 'units=4', '--target', 'ts'], {
      input: model,
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^tagger {2}ts, batch 20\n/);
  });

  it('refuses what cannot be measured', () => {
    const idle = bench('idle.nn');
    expect(idle.stderr).toContain('error[train-absent]');
    expect(idle.status).toBe(1);
    expect(bench('none.nn').status).toBe(1);
    for (const args of [
      ['--seconds', '0'],
      ['--seconds', 'soon'],
      ['--batch', '1.5'],
      ['--threads', '0'],
      ['--target', 'cobol'],
    ]) {
      const { status, stdout, stderr } = warm(['bench', 'tagger.nn', ...args], { cwd: folder });
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^error: /);
    }
  });
});
