// Runs: the files of a folder, and that a run which was interrupted or killed ends with the bits of one that was not.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHeader } from '../../src/codegen/runtime/safetensors.js';
import { shortestSingle } from '../../src/cli/runs/shortest.js';
import { full } from '../support/full.js';
import { shell, warm, type Outcome } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-runs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]): Outcome => warm(args, { cwd: folder });
const file = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** All that resuming could get wrong: draws, slots, states, a schedule of the run's length, a plateau's count, words. */
const net = `import { body } from "layers.nn"

model net {
  input x: [batch, 2]
  input label: index(3)[batch]
  logits = body(x) |> dense(3)
  loss = cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  output class = argmax(logits)
  train {
    optimizer = adam(lr = cosine(0.02))
    batch = 8, epochs = 6, validation = 0.2, seed = 3
    data = csv("rows.csv", x = 0..1, label = "label")
  }
}
`;

/** What compiles sooner, where the run matters and not what it trains. */
const tiny = net
  .replace(/^import.*/, '')
  .replace('body(x)', 'x')
  .replace('adam(lr = cosine(0.02))', 'sgd(lr = 0.02)')
  .replace(/ {2}(metric|output).*\n/g, '');

beforeAll(() => {
  const words = ['ant', 'bee', 'cat'];
  const row = (i: number): string => `${(i % 3) + Math.sin(i)},${Math.cos(7 * i)},${words[i % 3]}`;
  file('rows.csv', `a,b,label\n${Array.from({ length: 60 }, (_, i) => row(i)).join('\n')}\n`);
  file('layers.nn', 'layer body(x: [n, f]) = x |> standardize() |> dense(6) |> batch_norm() |> relu |> dropout(0.3)\n');
  file('net.nn', net);
  file('tiny.nn', tiny);
});

/** Tensors, position and metrics: all but what tells time. */
function stateOf(name: string): object {
  const text = (part: string): string => read(`${name}/${part}`).replace(/"seconds":[\d.e-]+/g, '');
  const bytes = (part: string): string => readFileSync(join(folder, name, part)).toString('base64');
  return {
    last: bytes('last.safetensors'),
    best: bytes('best.safetensors'),
    metrics: text('metrics.jsonl'),
    steps: text('steps.jsonl'),
    table: read(`${name}/metrics.csv`).replace(/^(\d+,\d+,)[^,]*/gm, '$1'),
  };
}

describe('the folder of a run', () => {
  it('tells what was trained on what, and how it ended', () => {
    expect(run('train', 'net.nn', '--out', 'told', '--epochs', '3', '--set', 'unknown=1').status).toBe(1);
    expect(existsSync(join(folder, 'told'))).toBe(false);
    expect(run('train', 'net.nn', '--out', 'told', '--epochs', '3')).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(join(folder, 'told')).sort()).toEqual(
      ['best.safetensors', 'last.safetensors', 'layers.nn', 'metrics.csv', 'metrics.jsonl'].concat(
        ...['model.nn', 'report.html', 'run.json', 'steps.jsonl'],
      ),
    );
    expect(read('told/model.nn')).toBe(net);
    const record = JSON.parse(read('told/run.json')) as Record<string, unknown>;
    expect(record).toMatchObject({
      ...{ model: 'net', seed: 3, batch: 8, epochs: 3, target: 'wasm', ended: 'finished', monitor: 'loss' },
      data: { folder, source: 'csv("rows.csv")', rows: 48 },
      classes: { label: ['ant', 'bee', 'cat'] },
      best: { epoch: expect.any(Number), value: expect.any(Number) },
      lowest: record.best,
      done: { epochs: 3, steps: 18 },
    });
    const [head, ...rows] = read('told/metrics.csv').trimEnd().split('\n');
    expect(head).toBe('epoch,step,seconds,train.loss,train.accuracy,validation.loss,validation.accuracy');
    const lines = read('told/metrics.jsonl').trimEnd().split('\n');
    expect(rows.map((row) => row.split(',')[3])).toEqual(
      lines.map((line) => String((JSON.parse(line) as { train: { loss: number } }).train.loss)),
    );
    const bytes = readFileSync(join(folder, 'told/last.safetensors'));
    const { metadata } = readHeader(bytes, (why) => new Error(why));
    expect(JSON.parse(metadata.classes)).toEqual({ label: ['ant', 'bee', 'cat'] });
    expect(JSON.parse(metadata.position)).toMatchObject({ calls: 18, state: { epoch: 4, step: 0 } });
  });

  it('prints events as JSON, or nothing', () => {
    const { stdout } = run('train', 'net.nn', '--out', 'events', '--epochs', '2', '--json');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string });
    expect(events.map(({ event }) => event)).toEqual(['begin', 'epoch', 'epoch', 'end']);
    expect(events[1]).toMatchObject({ epoch: 1, epochs: 2, step: 6, train: { loss: expect.any(Number) } });
    expect(run('train', 'tiny.nn', '--out', 'silent', '--epochs', '1', '--quiet')).toEqual({
      ...{ status: 0, stdout: '', stderr: '' },
    });
  });

  it('prints at most about forty lines of epochs', () => {
    const { stdout } = run('train', 'tiny.nn', '--out', 'long', '--epochs', '130');
    expect(stdout.trimEnd().split('\n').length).toBeLessThan(44);
    expect(stdout).toMatch(/\nepoch 130\/130 /);
  });

  it('starts from the weights of another run, with an optimizer that begins anew', () => {
    run('train', 'tiny.nn', '--out', 'first', '--epochs', '3', '--quiet');
    expect(run('train', 'tiny.nn', '--out', 'second', '--epochs', '1', '--from', 'first', '--quiet').status).toBe(0);
    const record = JSON.parse(read('second/run.json')) as { from: string; done: object };
    expect(record).toMatchObject({ from: join(folder, 'first/best.safetensors'), done: { epochs: 1, steps: 6 } });
    const { stderr, status } = run('train', 'net.nn', '--from', 'net.nn');
    expect([status, stderr]).toEqual([
      1,
      'error[checkpoint-unreadable]: the checkpoint net.nn cannot be read: it is not a safetensors file, or its header is cut off\n\n',
    ]);
    expect(run('train', 'net.nn', '--from', 'first').stderr).toMatch(
      /^error\[checkpoint-misfit\]: the checkpoint first\/best\.safetensors does not fit the model net/,
    );
  });
});

describe('going on', () => {
  it.each(['ts', 'wasm'])('ends with the bits of a run that was not interrupted, on %s', (target) => {
    // As it stands after a kill: the checkpoint of an earlier epoch, later rows, and a line that is cut.
    const short = `short-${target}`;
    file(`net-${target}.nn`, net.replace('cosine(0.02)', 'cosine(0.02, steps = 36)'));
    for (const [name, epochs] of [
      [short, '2'],
      [`all-${target}`, '6'],
    ])
      run('train', `net-${target}.nn`, '--out', name, '--epochs', epochs, '--target', target, '--quiet');
    writeFileSync(join(folder, short, 'metrics.jsonl'), `${read(`${short}/metrics.jsonl`)}{"epoch":3}\n{"epo`);
    expect(run('train', '--resume', short, '--epochs', '4', '--quiet').status).toBe(0);
    expect(run('train', '--resume', short, '--epochs', '6', '--quiet').status).toBe(0);
    expect(stateOf(short)).toEqual(stateOf(`all-${target}`));
    const lowestIn = (name: string): unknown => (JSON.parse(read(`${name}/run.json`)) as { lowest: unknown }).lowest;
    expect(lowestIn(short)).toEqual(lowestIn(`all-${target}`));
  });

  it('goes on after kills at any moment', { timeout: 120_000 }, async () => {
    for (const target of full ? ['ts', 'wasm'] : ['ts']) {
      const args = ['train', full ? 'net.nn' : 'tiny.nn', '--epochs', '400', '--target', target, '--quiet', '--out'];
      run(...args, `calm-${target}`);
      for (let round = 0; round < (full ? 10 : 1); round++) {
        const name = `killed-${target}-${round}`;
        await killed([...args, name], name, full ? 5 : 3);
        expect(stateOf(name)).toEqual(stateOf(`calm-${target}`));
      }
    }
  });

  it('says what is wrong with what it is to go on with', () => {
    expect(run('train', '--resume', 'nowhere').stderr).toBe(
      'error[run-absent]: nowhere holds no run: it has no run.json\n  │\n  = help: `nnc runs` lists the runs of this folder\n\n',
    );
    run('train', 'tiny.nn', '--out', 'spoilt', '--epochs', '1', '--quiet');
    const record = read('spoilt/run.json');
    for (const [text, reason] of [
      ['{', 'it is not JSON'],
      ['[]', 'it is not an object'],
      ['{"version": 2}', 'it is of another version of nnc'],
      [record.replace('"seed": 3', '"seed": "3"'), 'seed should be a number'],
    ]) {
      file('spoilt/run.json', text);
      expect(run('train', '--resume', 'spoilt').stderr).toBe(
        `error[run-damaged]: spoilt/run.json cannot be used: ${reason}\n\n`,
      );
    }
    file('spoilt/run.json', record.replace('"rows": 48', '"rows": 47'));
    expect(run('train', '--resume', 'spoilt').stderr).toMatch(
      /^error\[run-changed\]: the run spoilt cannot go on: its data have another number of rows\n.*\n.*it was 47, and is 48 now/,
    );
    for (const [args, message] of [
      [['net.nn', '--resume', 'told'], '--resume told goes on with the model that the run keeps: leave net.nn out'],
      [['--resume', 'told', '--batch', '4'], '--batch cannot change in a run that goes on'],
      [['--resume', 'told', '--memory-limit', '4'], '--memory-limit cannot change in a run that goes on'],
      [[], "missing required argument 'file'"],
      [['net.nn', '--quiet', '--json'], '--quiet and --json: one of them'],
    ] as const)
      expect(run('train', ...args)).toMatchObject({ status: 2, stderr: `error: ${message}\n` });
  });

  it('saves elsewhere what cannot be written into the folder', { timeout: 120_000 }, () => {
    const line = `$nnc train tiny.nn --epochs 100000 --out small --quiet --target ts`;
    // Blocks of 1 KiB: the module fits, and metrics soon do not.
    const { stderr, status } = shell(`ulimit -f 200; trap '' XFSZ; ${line}`, { cwd: folder });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^error\[run-unwritable\]: small\/\S+ cannot be written: it would be larger than files may be/,
    );
    const path = /what was learnt is saved in (\S+) instead/.exec(stderr)?.[1] ?? '';
    expect(readHeader(readFileSync(path), (why) => new Error(why)).tensors.has('logits.dense.W')).toBe(true);
    rmSync(join(path, '..'), { recursive: true });
    // What is written meanwhile may keep the folder: it is renamed first.
    const gone = `until [ -e gone/last.safetensors ]; do sleep 0.05; done; mv gone away; rm -r away; wait $!`;
    const lost = shell(`${line.replace('small', 'gone')} & ${gone}`, { cwd: folder });
    expect(lost.status).toBe(1);
    expect(lost.stderr).toMatch(
      /^error\[run-unwritable\]: gone\/\S+ cannot be written: .*\n.*\n.*saved in \S+ instead/,
    );
  });
});

describe('a trained model', () => {
  beforeAll(() => {
    run('train', 'net.nn', '--out', 'trained', '--quiet');
  });

  it('is evaluated on the rows that were held back', () => {
    const { stdout } = run('eval', 'trained');
    const lines = stdout.split('\n');
    const last = read('trained/metrics.jsonl').trimEnd().split('\n');
    const { best } = JSON.parse(read('trained/run.json')) as { best: { epoch: number; value: number } };
    const { validation } = JSON.parse(last[best.epoch - 1]) as { validation: { accuracy: number } };
    expect(lines[0]).toBe(
      `net on 12 rows to validate with: loss ${best.value.toFixed(4)}  accuracy ${validation.accuracy.toFixed(4)}`,
    );
    expect(lines.slice(2, 6).map((each) => each.split(/\s+/)[0])).toEqual(['class', 'ant', 'bee', 'cat']);
    const told = JSON.parse(run('eval', 'trained', '--json').stdout) as {
      values: { loss: number };
      confusion: number[][];
    };
    expect(told).toMatchObject({ data: 'to validate with', rows: 12, classes: ['ant', 'bee', 'cat'] });
    expect(told.values.loss).toBeCloseTo(best.value, 6);
    const right = told.confusion.reduce((sum, row, i) => sum + row[i], 0);
    expect(told.confusion.flat().reduce((a, b) => a + b)).toBe(12);
    expect(right / 12).toBeCloseTo(validation.accuracy, 6);
    expect(run('eval', 'trained', '--data', 'rows.csv').stdout).toMatch(
      /^net on 60 rows of csv\("\S*rows\.csv"\): loss /,
    );
  });

  it('predicts words and scores beside the columns of a table, and needs no column that outputs do not', () => {
    file('new.csv', 'b,"a, or so",note\n0.5,-1,"x, y"\n-1,2,z\n');
    file(
      'order.nn',
      net.replace('x = 0..1', 'x = [1, 0]').replace('output class', 'output scores = softmax(logits)\n  output class'),
    );
    const weights = ['--checkpoint', 'trained/best.safetensors'];
    const { stdout } = run('predict', 'order.nn', ...weights, '--data', 'new.csv');
    const [head, first] = stdout.split('\n');
    expect(head).toBe('b,"a, or so",note,scores.ant,scores.bee,scores.cat,class');
    expect(first).toMatch(/^0\.5,-1,"x, y",[\d.e-]+,[\d.e-]+,[\d.e-]+,(ant|bee|cat)$/);
    const rows = run('predict', 'order.nn', ...weights, '--data', 'new.csv', '--json')
      .stdout.trimEnd()
      .split('\n');
    const row = JSON.parse(rows[0]) as { scores: number[]; class: string };
    expect([...row.scores.map(String), row.class].join()).toBe(first.slice('0.5,-1,"x, y",'.length));
    expect(row.scores.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    expect(run('predict', 'order.nn', ...weights, '--data', 'new.csv', '-o', 'out.npz').stdout).toBe('');
    // What is written is read again, as data of a model with such an input.
    file(
      'again.nn',
      'model m {\n  input scores: [batch, 3]\n  output total = sum(scores, axis = 1)\n  train { data = npz("out.npz") }\n}\n',
    );
    expect(run('predict', 'trained', '--data', 'new.csv', '-o', 'out.csv').status).toBe(0);
    expect(read('out.csv').split('\n')[0]).toBe('b,"a, or so",note,class');
  });

  it('predicts beside the columns of a parquet file, of every type', () => {
    const table = join(import.meta.dirname, '../data/parquet/zstd.parquet');
    const fields = `parquet("${table}", x = ["single", "double"], label = "word", missing = drop)`;
    file('table.nn', net.replace(/csv\(.*\)/, fields));
    const weights = ['--checkpoint', 'trained/best.safetensors'];
    // What outputs do not need may be missing: all rows are there.
    const lines = run('predict', 'table.nn', ...weights).stdout.split('\n');
    expect(lines[0]).toBe('single,double,half,long,byte,flag,word,day,pair,class');
    expect(lines[8]).toMatch(/^0\.7,2\.6457513110645907,0\.875,-67,7,false,,2024-01-08,"\[7,7\.5\]",(ant|bee|cat)$/);
    expect(lines).toHaveLength(122);
    file(
      'dropped.nn',
      read('table.nn')
        .replace('x = ["single", "double"]', 'x = ["single", "half"]')
        .replace('output class', 'output own = f32(label)\n  output class'),
    );
    expect(run('predict', 'dropped.nn', ...weights).stdout.split('\n')).toHaveLength(119);
  });

  it('is used with a checkpoint, or as a run', () => {
    for (const command of ['eval', 'predict'])
      expect(run(command, 'net.nn')).toMatchObject({
        status: 2,
        stderr: 'error: net.nn is a model: say which weights, with --checkpoint, or name a run\n',
      });
    expect(run('predict', 'trained', '-o', 'out.txt')).toMatchObject({
      status: 2,
      stderr: 'error: -o out.txt: its extension should be .csv or .npz\n',
    });
    file('mute.nn', net.replace(/ {2}output.*\n/, ''));
    expect(run('predict', 'mute.nn', '--checkpoint', 'trained/best.safetensors').stderr).toMatch(
      /^error\[outputs-absent\]/,
    );
    file('flat.nn', net.replace('output class = argmax(logits)', 'output all = mean(logits)'));
    expect(run('predict', 'flat.nn', '--checkpoint', 'trained/best.safetensors').stderr).toMatch(
      /^error\[output-rows\]: the output all: f32 has no row/,
    );
    run('train', 'tiny.nn', '--out', 'bare', '--epochs', '1', '--quiet');
    for (const name of ['best', 'last']) rmSync(join(folder, `bare/${name}.safetensors`));
    expect(run('eval', 'bare').stderr).toBe('error[checkpoint-absent]: the run bare has no checkpoint yet\n\n');
  });

  it('has a page of its own, and one beside other runs', () => {
    const page = read('trained/report.html');
    expect(page).toMatch(/<h1>trained<\/h1>/);
    expect(page).toContain('Classes, on 12 rows to validate with');
    expect(page).toContain('import { body } from &quot;layers.nn&quot;');
    expect(page).not.toMatch(/(src|href)=|https?:\/\/(?!www\.w3\.org)/);
    const charts = JSON.parse(/id="charts">(.*)<\/script>/.exec(page)?.[1] ?? '') as {
      title: string;
      curves: { label: string; values: number[] }[];
    }[];
    expect(charts.slice(0, 4).map(({ title }) => title)).toEqual([
      'loss',
      'accuracy',
      'loss, by step',
      'learning rate',
    ]);
    const rows = read('trained/metrics.jsonl').trimEnd().split('\n');
    const losses = rows.map((row) => (JSON.parse(row) as { train: { loss: number } }).train.loss);
    expect(charts[0].curves.map(({ label }) => label)).toEqual(['train', 'validation']);
    expect(charts[0].curves[0].values).toEqual(losses);
    rmSync(join(folder, 'trained/report.html'));
    expect(run('report', 'trained')).toEqual({ status: 0, stdout: 'wrote trained/report.html\n', stderr: '' });
    expect(read('trained/report.html')).toBe(page);
    expect(run('report', 'trained', 'trained', '-o', 'both.html').status).toBe(0);
    expect(read('both.html')).toContain('<h1>2 runs</h1>');
  });

  it('is listed with its result', () => {
    const [head, ...lines] = run('runs', '.').stdout.split('\n');
    expect(head).toMatch(/^run +model +epochs +time +best +in epoch +ended +started$/);
    expect(lines.find((each) => each.startsWith('trained '))).toMatch(
      /^trained +net +6\/6 +\d:\d\d +loss [\d.]+ +\d +finished +\d{4}-/,
    );
    expect(run('runs', 'deep').stdout).toBe('there are no runs in deep\n');
    expect(JSON.parse(run('runs', '.', '--json').stdout)).toContainEqual(
      expect.objectContaining({ folder: 'trained' }),
    );
  });
});

describe('a run that is not finite', () => {
  const faulty = (line: string, loss: string): string =>
    `model m {\n  input x: [batch, 2]\n  input label: index(3)[batch]\n  p = x |> dense(3)\n  ${line}\n  loss = ${loss}\n  train {\n    optimizer = sgd(lr = 0.1), batch = 8, epochs = 4\n    data = csv("rows.csv", x = 0..1, label = "label")\n  }\n}\n`;

  it('stops, names the first value, its line and rows, and keeps the state before that step', () => {
    file('log.nn', faulty('q = log(relu(p))', 'mean(q) + 0 * cross_entropy(p, label)'));
    const { status, stderr } = run('train', 'log.nn', '--out', 'log', '--target', 'ts');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^error\[not-finite\]: m: the loss is -Infinity after step 1, in epoch 1\n.*log\.nn:5:3\n.*\n.*q = log\(relu\(p\)\)\n.*q = log\(.*\): -Infinity at \[\d+, \d+\], where .* is 0\n/,
    );
    const row = Number(/it comes of row (\d+) of the data/.exec(stderr)?.[1]);
    const fed = /fed the rows (.*)/.exec(stderr)?.[1].split(', ').map(Number);
    expect(fed).toHaveLength(8);
    expect(fed).toContain(row);
    const bytes = readFileSync(join(folder, 'log/last.safetensors'));
    const { metadata } = readHeader(bytes, (why) => new Error(why));
    expect(JSON.parse(metadata.position)).toMatchObject({ calls: 0, state: { epoch: 1, step: 0 } });
    expect(JSON.parse(read('log/run.json'))).toMatchObject({ ended: 'not finite' });
    expect(run('train', 'log.nn', '--out', 'on', '--allow-nonfinite', '--quiet').status).toBe(0);
  });

  it('finds a gradient that is not finite where the loss is, steps after the last checkpoint', () => {
    // 0 / 0: the slope of the power over that of the root.
    file('root.nn', faulty('param w: [2] = [1, 0]\n  q = sqrt(w ^ 3)', 'mean(q) + cross_entropy(p, label)'));
    const { status, stderr } = run('train', 'root.nn', '--out', 'root', '--check-numerics');
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^error\[not-finite\]: m: a parameter is no finite number after step 1/),
    ]);
    expect(stderr).toContain('in the gradients');
  });

  it('names data that are not finite', () => {
    file(
      'hole.mjs',
      'export const train = { x: Float32Array.from({ length: 40 }, (_, i) => (i === 27 ? NaN : i / 40)), label: new Int32Array(20) };\n',
    );
    file('hole.nn', faulty('q = p', 'cross_entropy(q, label)').replace(/csv\(.*\)/, 'module("hole.mjs")'));
    const { stderr } = run('train', 'hole.nn', '--out', 'hole');
    expect(stderr).toContain('x: NaN at [');
    expect(stderr).toContain('it comes of row 13 of the data, counted from 0');
  });
});

describe('warnings', () => {
  const warned = (name: string, text: string): string => {
    file(`${name}.nn`, text);
    const { stderr, status } = run('train', `${name}.nn`, '--out', name, '--quiet', '--target', 'ts');
    expect(status).toBe(0);
    const { warnings = [] } = JSON.parse(read(`${name}/run.json`)) as { warnings?: string[] };
    expect(warnings).toEqual([...stderr.matchAll(/^warning\[([\w-]+)\]/gm)].map(([, code]) => code));
    return stderr;
  };

  it('tell of a loss that does not move', () => {
    const idle = net
      .replace('body(x) |> dense(3)', 'tanh(dense(8)(x)) |> dense(3)')
      .replace('"layers.nn"', '"layers.nn"');
    const stuck = warned(
      'stuck',
      idle
        .replace(/^import.*/, '')
        .replace('adam(lr = cosine(0.02))', 'sgd(lr = 1e-7)')
        .replace('epochs = 6', 'epochs = 30'),
    );
    expect(stuck).toMatch(
      /^warning\[loss-stuck\]: the loss of net does not move: it is between 1\.2\d* and 1\.2\d* in 17 epochs\n.*stuck\.nn:3:7/,
    );
  });

  it('tell from which epoch on a run overfits', () => {
    // Noise can only be learnt by heart.
    const noise = Array.from(
      { length: 40 },
      (_, i) => `${Math.sin(i * i)},${Math.cos(37 * i * i)},${['ant', 'bee', 'cat'][(i * i * 7 + (i >> 1)) % 3]}`,
    );
    file('noise.csv', `a,b,label\n${noise.join('\n')}\n`);
    const large = net
      .replace('body(x) |> dense(3)', 'x |> dense(64) |> tanh |> dense(64) |> tanh |> dense(3)')
      .replace(/^import.*/, '');
    const text = warned('noise', large.replace('rows.csv', 'noise.csv').replace('epochs = 6', 'epochs = 60'));
    const epoch = Number(/^warning\[overfitting\]: net overfits from epoch (\d+) on/.exec(text)?.[1]);
    const rows = read('noise/metrics.jsonl').trimEnd().split('\n');
    const losses = rows.map((row) => (JSON.parse(row) as { validation: { loss: number } }).validation.loss);
    expect(losses[epoch - 1]).toBe(Math.min(...losses));
  });

  it('are silent where a run is healthy', () => {
    expect(warned('healthy', net.replace('epochs = 6', 'epochs = 30'))).toBe('');
  });
});

describe('the shortest digits', () => {
  it('read back as the same number', () => {
    const numbers = [0.1, 1 / 3, 1e-45, 3.4028235e38, 16777216, 1.5, -0, 123456.78, 2 ** -126].map(Math.fround);
    expect(numbers.map((n) => Math.fround(Number(shortestSingle(n))))).toEqual(numbers);
    expect(numbers.slice(0, 3).map(shortestSingle)).toEqual(['0.1', '0.33333334', '1e-45']);
    expect([NaN, Infinity].map(shortestSingle)).toEqual(['NaN', 'Infinity']);
  });
});

/** Starts a run and kills it so many times, each at a random moment after an epoch has been written; then it goes on to its end. */
async function killed(first: readonly string[], name: string, kills: number): Promise<void> {
  const command = join(import.meta.dirname, '../../bin/nnc.js');
  let args = first;
  for (let i = 0; i <= kills; i++) {
    const child = spawn(process.execPath, [command, ...args], { cwd: folder, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('exit', resolve));
    if (i < kills) {
      await Promise.race([written(join(folder, name, 'metrics.jsonl')), ended]);
      await new Promise((resolve) => setTimeout(resolve, 100 * Math.random()));
      child.kill('SIGKILL');
    }
    await ended;
    if (existsSync(join(folder, name, 'run.json'))) args = ['train', '--resume', name, '--quiet'];
    for (const part of ['last.safetensors', 'best.safetensors'])
      if (existsSync(join(folder, name, part)))
        readHeader(readFileSync(join(folder, name, part)), (why) => new Error(`${part}: ${why}`));
  }
}

/** Waits until there is such a file, or it has grown. */
async function written(path: string): Promise<void> {
  const size = (): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  for (const before = size(); size() <= before;) await new Promise((resolve) => setTimeout(resolve, 10));
}
