// openRun: what programs get of a run's folder, and the program that docs/runs.md shows.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openRun, readData } from '../../src/node.js';
import { dataFolder } from '../data/files.js';
import { blocksOf } from '../docs/snippets.js';
import { warm } from './nnc.js';

const root = join(import.meta.dirname, '../..');
const { folder, file } = dataFolder();
const run = (...args: string[]) => warm(args, { cwd: folder });

/** It imports, draws, holds words and has slots. */
const net = `import { body } from "../layers.nn"
model net(hidden = 4) {
  input x: [batch, 2]
  input label: index(2)[batch]
  logits = body(x, hidden) |> dense(2)
  loss = cross_entropy(logits, label)
  output score = softmax(logits)
  output drawn = score + normal_like(score)
  train { optimizer = adam(), batch = 8, epochs = 3, seed = 3, validation = 0.2, test = 0.1
    data = csv("rows.csv", x = 0..1, label = "label")
  }
}
`;

beforeAll(() => {
  mkdirSync(join(folder, 'deep'));
  const rows = Array.from({ length: 40 }, (_, i) => `${Math.sin(i)},${Math.cos(3 * i)},${['no', 'yes'][i % 2]}`);
  file('deep/rows.csv', `a,b,label\n${rows.join('\n')}\n`);
  file('layers.nn', 'layer body(x: [n, f], hidden) = x |> dense(hidden) |> tanh |> dropout(0.2)\n');
  file('deep/net.nn', net);
  const { status, stderr } = run('train', 'deep/net.nn', '--out', 'run', '--set', 'hidden=5', '--quiet');
  expect([status, stderr]).toEqual([0, '']);
});

describe('openRun', () => {
  it('gives the best weights of a run, wherever its folder is, with what it tells of itself', async () => {
    cpSync(join(folder, 'run'), join(folder, 'elsewhere/run'), { recursive: true });
    const opened = await openRun(join(folder, 'elsewhere/run'));
    const { record, epochs, words, checkpoint, start } = opened;
    expect(record).toMatchObject({ model: 'net', seed: 3, ended: 'finished', overrides: { set: { hidden: 5 } } });
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect([words, start, checkpoint]).toEqual([
      { label: ['no', 'yes'] },
      undefined,
      join(folder, 'elsewhere/run/best.safetensors'),
    ]);
    const { train, validation, test } = await opened.data();
    expect([train.x.length, validation?.x.length, test?.x.length]).toEqual([56, 16, 8]);
    const { loss } = await opened.evaluate(validation ?? {});
    expect(loss).toBeCloseTo(record.best?.value ?? NaN, 6);
    const shown = run('predict', 'run', '--data', 'deep/rows.csv', '--seed', '4').stdout.split('\n')[1].split(',');
    const { score, drawn } = await opened.predict({ x: Float32Array.of(Math.sin(0), Math.cos(0)) }, { seed: 4 });
    expect(shown.slice(3, 5).map(Number).map(Math.fround)).toEqual([...score]);
    const again = await opened.predict({ x: Float32Array.of(0, 1) }, { seed: 5 });
    expect([again.score, again.drawn]).toEqual([score, expect.not.objectContaining(drawn)]);
    opened.dispose();
  });

  it('goes on with the last weights as nnc train does', async () => {
    const opened = await openRun(join(folder, 'run'), { weights: 'last', target: 'ts' });
    expect([opened.start, opened.trainer.stepCount]).toEqual([12, 12]);
    const { train, validation } = await opened.data();
    const options = { epochs: 5, batch: 8, report: 'epoch', start: opened.start ?? 0 } as const;
    const losses: number[] = [];
    for await (const each of opened.trainer.fit(train, { ...options, ...(validation && { validation }) }))
      losses.push(each.losses.loss);
    expect(run('train', 'deep/net.nn', '--out', 'five', '--set', 'hidden=5', '--epochs', '5').status).toBe(0);
    const rows = (await openRun(join(folder, 'five'))).epochs;
    losses.forEach((loss, i) => expect(loss).toBeCloseTo(rows[i + 3].train.loss, 5));
  });

  it('says what is wrong as nnc does', async () => {
    await expect(openRun(join(folder, 'nowhere'))).rejects.toThrow(/^error\[run-absent\]: \S*nowhere holds no run/);
    cpSync(join(folder, 'run'), join(folder, 'spoilt'), { recursive: true });
    rmSync(join(folder, 'spoilt/best.safetensors'));
    await expect(openRun(join(folder, 'spoilt'), { weights: 'best' })).rejects.toThrow(/^error\[checkpoint-absent\]/);
    expect((await openRun(join(folder, 'spoilt'))).checkpoint).toMatch(/last.safetensors$/);
    const model = join(folder, 'spoilt/model.nn');
    writeFileSync(model, readFileSync(model, 'utf8').replace('softmax(', 'sotfmax('));
    await expect(openRun(join(folder, 'spoilt'))).rejects.toThrow(/^error\[unknown-name\][^]*sotfmax/);
    writeFileSync(join(folder, 'spoilt/run.json'), '{');
    await expect(openRun(join(folder, 'spoilt'))).rejects.toThrow(/run\.json cannot be used: it is not JSON/);
  });

  it('refuses what it does not take', async () => {
    const given = (options: object): Promise<unknown> => openRun(join(folder, 'run'), options);
    await expect(given({ wieghts: 'last' })).rejects.toThrow('openRun has no option wieghts; it takes weights, target');
    await expect(given({ weights: 'first' })).rejects.toThrow(
      'openRun: weights is one of best, last; it was given first',
    );
    await expect(given({ target: 'wgsl' })).rejects.toThrow('openRun: target is one of ts, wasm; it was given wgsl');
    await expect(openRun(JSON.parse('null'))).rejects.toThrow(TypeError);
    await expect(readData(JSON.parse('{ "file": "net.nn", "seeds": 3 }'))).rejects.toThrow(
      'readData has no option seeds; it takes file, model, set, seed',
    );
  });

  it('prints what docs/runs.md shows', () => {
    const blocks = blocksOf(readFileSync(join(root, 'docs/runs.md'), 'utf8'));
    const at = blocks.findIndex(({ text }) => text.includes("from 'nnc/node'"));
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/nnc'));
    expect(run('train', join(root, 'examples/iris/iris.nn'), '--quiet').status).toBe(0);
    file('program.mjs', blocks[at].text);
    const printed = execFileSync(process.execPath, ['program.mjs'], { cwd: folder, encoding: 'utf8' });
    // The last digits are those of kernels, which may change.
    const rounded = (text: string): string => text.replace(/\d\.\d+(e-\d+)?/g, (n) => Number(n).toPrecision(4));
    expect(rounded(printed.trimEnd())).toBe(rounded(blocks[at + 1].text));
  });
});
