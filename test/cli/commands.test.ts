// The commands from outside: outputs, exit codes, files, and what bad input meets.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { chosen } from '../support/full.js';
import { nnc, warm } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const line = `model line(units = 1) {
  input x: [batch, 1]
  input y: [batch, 1]
  output prediction = x |> dense(units)
  loss = mse(prediction, y)
  train {
    optimizer = sgd(lr = 0.1)
    batch     = 3
    epochs    = 100
    seed      = 1
    data      = csv("line.csv", x = "x", y = "y")
  }
}
`;
file('line.nn', line);
file('line.csv', 'x,y\n1,2\n2,4\n3,6\n');
file('wrong.nn', 'model wrong {\n  input x: [batch, 2]\n  loss = mean(x @ y)\n}\n');

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function run(...args: string[]): ReturnType<typeof nnc> {
  return warm(args, { cwd: folder });
}

const alone = [
  ['--help'],
  ['check', 'line.nn'],
  ['check', 'wrong.nn', '--json'],
  ['compile', 'line.nn', '--target', 'wasm'],
  ['grad', 'line.nn'],
  ['ops', 'dense'],
  ['passes'],
  ['fly'],
];

it.each(chosen(alone, ([command]) => ['--help', 'compile', 'fly'].includes(command)))(
  'nnc %s does in a process of its own what it does in one that it has run in',
  (...args) => {
    const [first, second] = [run(...args), run(...args)];
    expect(second).toEqual(first);
    expect(nnc(args, { cwd: folder })).toEqual(first);
  },
);

describe('nnc check', () => {
  const wrong = `import { a, b } from "ab.nn"
model m {
  input x: [batch, 2]
  c = relu(x)
  d = relu(c)
  loss = mean(a(x |> dense(1)))
}
`;
  const right = `import { a } from "ab.nn"
model m {
  input x: [batch, 2]
  loss = mean(a(x |> dense(1)))
}
`;

  it('tells lints with their fixes as data, and ends well', () => {
    file('ab.nn', 'fn a(x) = x\nfn b(x) = x\n');
    file('lint.nn', wrong);
    const { status, stdout, stderr } = run('check', 'lint.nn', '--json');
    expect([status, stderr]).toEqual([0, '']);
    const found: { code: string; fix?: { edits: { start: number; text: string }[] } }[] = JSON.parse(stdout);
    expect(found.map(({ code, fix }) => [code, fix?.edits.map(({ start, text }) => [start, text])])).toEqual([
      ['unused', [[10, '']]],
      ['unused', [[wrong.indexOf('  d'), '']]],
    ]);
    expect(run('check', 'lint.nn').stderr).toContain('warning[unused]: the import b is never used');
  });

  it('mends with --fix, what comes of that too, and names what has changed', () => {
    file('ab.nn', 'fn a(x) = x\nfn b(x) = x\n');
    const path = file('fix.nn', wrong);
    expect(run('check', 'fix.nn', 'line.nn', '--fix')).toEqual({ status: 0, stdout: 'fix.nn\n', stderr: '' });
    expect(readFileSync(path, 'utf8')).toBe(right);
    expect(run('check', 'fix.nn', '--fix')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(run('check', '-', '--fix').status).toBe(2);
    expect(run('check', 'fix.nn', '--fix', '--json').status).toBe(2);
  });
});

describe('nnc', () => {
  it('helps', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    for (const command of ['check', 'compile', 'train', 'grad', 'bench', 'ops'])
      expect(stdout).toContain(`\n  ${command}`);
    for (const command of ['check', 'compile', 'train', 'grad', 'bench', 'ops']) {
      const help = run(command, '--help');
      expect([help.status, help.stderr]).toEqual([0, '']);
      expect(help.stdout).toMatch(/^Usage: nnc /);
    }
  });

  it.each([
    ['an unknown command', ['fly']],
    ['an unknown option', ['check', 'line.nn', '--fast']],
    ['a missing argument', ['check']],
    ['a setting without a value', ['check', 'line.nn', '--set', 'units']],
    ['an unknown target', ['compile', 'line.nn', '--target', 'cobol']],
    ['an unknown stage', ['compile', 'line.nn', '--emit', 'soup']],
    ['an output of unknown kind', ['compile', 'line.nn', '-o', 'line.txt']],
    ['an output that is the source', ['compile', 'line.nn', '-o', './line.nn']],
    ['no whole number', ['train', 'line.nn', '--epochs', '1.5']],
    ['a seed below 0', ['train', 'line.nn', '--seed', '-1']],
    ['a seed of 33 bits', ['train', 'line.nn', '--seed', '4294967296']],
    ['an unknown operation', ['ops', 'frobnicate']],
    ['an option of another target', ['compile', 'line.nn', '--relaxed']],
    ['a gradient by what is not there', ['grad', 'line.nn', '--wrt', 'nothing']],
  ])('exits with 2 on %s', (_, args) => {
    const { status, stdout, stderr } = run(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).not.toContain('    at ');
  });

  it('shows a bug as one', () => {
    expect(run('check', 'line.nn').stderr).not.toContain('bug');
  });
});

describe('check', () => {
  it('says nothing about a good model', () => {
    expect(run('check', 'line.nn')).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('prints every diagnostic and exits with 1', () => {
    const { status, stdout, stderr } = run('check', 'line.nn', 'wrong.nn');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error\[[a-z-]+\]: /);
    expect(stderr).toContain('wrong.nn:3:');
  });

  it('prints JSON', () => {
    expect(JSON.parse(run('check', 'line.nn', '--json').stdout)).toEqual([]);
    const { status, stdout } = run('check', 'wrong.nn', '--json');
    expect(status).toBe(1);
    const [{ severity, code, labels }] = JSON.parse(stdout);
    expect(severity).toBe('error');
    expect(code).toMatch(/^[a-z-]+$/);
    expect(labels[0]).toMatchObject({ file: 'wrong.nn', line: 3 });
  });

  it('checks every model of a file, and files that only define', () => {
    const [good, bad] = [
      'model a { input x: [batch, 2] loss = mean(x) }',
      'model b { input x: [b, 2] loss = mean(x @ 1) }',
    ];
    file('several.nn', `${good}\n${good.replace('model a', 'model c')}\n`);
    expect(run('check', 'several.nn')).toEqual({ status: 0, stdout: '', stderr: '' });
    file('several.nn', `${good}\n${bad}\n${bad.replace('model b', 'model c')}\n`);
    const { status, stderr } = run('check', 'several.nn');
    expect(status).toBe(1);
    expect(stderr.match(/several\.nn:\d/g)).toEqual(['several.nn:2', 'several.nn:3']);
    expect(run('check', 'several.nn', '--model', 'a').status).toBe(0);
    file('layers.nn', 'fn twice(x) { return 2 * x }\n');
    expect(run('check', 'layers.nn')).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(run('compile', 'layers.nn').stderr).toContain('error[no-model]');
    expect(nnc(['check', '-']).stderr).toContain('error[no-model]');
  });

  it('goes on past a file that cannot be read', () => {
    const { status, stdout, stderr } = run('check', 'wrong.nn', 'none.nn', 'line.nn', '--json');
    expect([status, stderr]).toEqual([1, '']);
    const codes = JSON.parse(stdout).map(({ code }: { code: string }) => code);
    expect([codes.length, codes[1]]).toEqual([2, 'file-unreadable']);
    expect(run('check', 'none.nn', 'wrong.nn').stderr).toMatch(/^error\[file-unreadable\].*\n\nerror\[/);
  });

  it('reads standard input', () => {
    expect(nnc(['check', '-'], { input: line })).toEqual({ status: 0, stdout: '', stderr: '' });
    const { status, stderr } = nnc(['check', '-'], { input: 'model m { loss = }' });
    expect(status).toBe(1);
    expect(stderr).toContain('standard input:1:');
  });

  it('takes settings', () => {
    expect(run('check', 'line.nn', '--set', 'units=1').status).toBe(0);
    expect(run('check', 'line.nn', '--set', 'width=3')).toMatchObject({ status: 1, stdout: '' });
    expect(run('check', 'line.nn', '--model', 'circle')).toMatchObject({ status: 1, stdout: '' });
  });

  it.each([
    ['a missing file', 'none.nn', 'there is no such file'],
    ['a folder', '.', 'it is a folder'],
  ])('explains %s', (_, name, reason) => {
    const { status, stderr } = run('check', name);
    expect(status).toBe(1);
    expect(stderr).toBe(`error[file-unreadable]: ${name} cannot be read: ${reason}\n\n`);
  });

  it('survives anything', () => {
    let state = 1;
    const random = (): number => (state = (state * 48271) % 2147483647);
    const texts = [
      '',
      String.fromCharCode(...Array.from({ length: 5000 }, () => random() % 256)),
      line.slice(0, 100),
      `model m { loss = ${'('.repeat(10_000)}1${')'.repeat(10_000)} }`,
      `model m { loss = ${'1 + '.repeat(100_000)}1 }`,
      'import { a } from "./line.nn"\n',
      '\0\uFEFF\uFFFF',
    ];
    for (const text of texts) {
      file('anything.nn', text);
      const { status, stderr } = run('check', 'anything.nn');
      expect([0, 1]).toContain(status);
      expect(stderr).not.toMatch(/bug in nnc|\n {4}at /);
    }
  });
});

describe('compile', () => {
  it('writes TypeScript, or JavaScript with declarations, or to standard output', async () => {
    const { status, stdout, stderr } = run('compile', 'line.nn', '-o', 'line.ts');
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/^line\.ts: \d+ bytes of memory at batch \d+ \(parameters \d+, .*tensors \d+\)\n$/);
    for (const target of chosen(['wgsl', 'wgsl,wasm'], (one) => one === 'wgsl')) {
      const gpu = run('compile', 'line.nn', '--target', target, '-o', `${target}.ts`);
      expect(gpu.stderr).toMatch(/ of memory at batch \d+ \(.*\), \d dispatches a step\n$/);
    }
    const typescript = readFileSync(join(folder, 'line.ts'), 'utf8');
    expect(typescript).toContain('export function createTrainer');
    expect(run('compile', 'line.nn')).toEqual({ status: 0, stdout: typescript, stderr: '' });

    expect(run('compile', 'line.nn', '-o', 'line.mjs').status).toBe(0);
    expect(readFileSync(join(folder, 'line.d.mts'), 'utf8')).toContain('export declare function createTrainer');
    const { createTrainer } = await import(pathToFileURL(join(folder, 'line.mjs')).href);
    const trainer = createTrainer({ seed: 1 });
    const inputs = { x: Float32Array.of(1, 2, 3), y: Float32Array.of(2, 4, 6) };
    const first = trainer.step(inputs).loss;
    for (let i = 0; i < 100; i++) trainer.step(inputs);
    expect(trainer.evaluate(inputs).loss).toBeLessThan(first / 10);
  });

  it('leaves the output as it was where it fails', () => {
    const before = file('kept.ts', '// before\n');
    expect(run('compile', 'wrong.nn', '-o', 'kept.ts').status).toBe(1);
    expect(readFileSync(before, 'utf8')).toBe('// before\n');
    expect(run('compile', 'wrong.nn', '-o', 'never.ts').status).toBe(1);
    expect(existsSync(join(folder, 'never.ts'))).toBe(false);
  });

  it('explains outputs that cannot be written', () => {
    mkdirSync(join(folder, 'folder.ts'));
    expect(run('compile', 'line.nn', '-o', 'folder.ts').stderr).toContain(
      'folder.ts cannot be written: it is a folder',
    );
    const { status, stderr } = run('compile', 'line.nn', '-o', 'none/line.ts');
    expect(status).toBe(1);
    expect(stderr).toBe('error[file-unwritable]: none/line.ts cannot be written: its folder does not exist\n\n');
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it.each(['tree', 'graph', 'gradient', 'program'])('shows the stage %s', (stage) => {
    const { status, stdout } = run('compile', 'line.nn', '--emit', stage);
    expect(status).toBe(0);
    expect(stdout).toContain('prediction');
  });

  it('shows the program of the target', () => {
    writeFileSync(join(folder, 'wide.nn'), 'model wide { input x: [batch, 64] output y = relu(x) loss = mean(y) }');
    const shown = (...more: string[]): string => run('compile', 'wide.nn', '--emit', 'program', ...more).stdout;
    expect(shown()).not.toContain('…4]');
    expect(shown('--target', 'wasm', '--no-threads')).toContain('…4]');
    expect(shown('--target', 'wgsl')).toMatch(/^ *thread /m);
  });
});

describe('grad', () => {
  it('writes formulas as mathematics', () => {
    const plain = run('grad', 'line.nn');
    expect([plain.status, plain.stderr]).toEqual([0, '']);
    expect(plain.stdout).toContain('∂loss/∂prediction.dense.W');
  });
});

describe('grad to files', () => {
  it('takes the format from the extension, for several files at once', () => {
    const paths = ['gradient.nn', 'gradient.tex', 'gradient.json', 'gradient.html'].map((name) => join(folder, name));
    const { status, stdout, stderr } = run('grad', 'line.nn', ...paths.flatMap((path) => ['-o', path]));
    expect([status, stdout, stderr]).toEqual([0, '', '']);
    expect(readFileSync(paths[0], 'utf8')).toContain('output d_prediction_dense_W = ');
    expect(readFileSync(paths[1], 'utf8')).toContain('\\begin{align}');
    expect(JSON.parse(readFileSync(paths[2], 'utf8'))).toMatchObject({ version: 1, model: 'line', of: 'loss' });
    expect(readFileSync(paths[3], 'utf8')).toMatch(
      /^<!doctype html>[^]*<li id="L1">[^]*<math[^]*class="kernel" id="k0"/,
    );
  });

  it('works out numbers of a fresh trainer', () => {
    const { status, stdout } = run('grad', 'line.nn', '--at', 'init', '--batch', '1', '--digits', '3');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^loss .*\n +\d\.\d+$/m);
  });

  it.each([
    ['an extension that contradicts the format', ['-o', 'gradient.nn', '--format', 'latex']],
    ['an extension that says nothing', ['-o', 'gradient.xyz']],
    ['numbers of a model', ['--format', 'nn', '--at', 'init']],
    ['a batch without a place', ['--batch', '2']],
    ['a scalar that is not there', ['--of', 'nothing']],
  ])('refuses %s', (_, options) => {
    const { status, stderr } = run('grad', 'line.nn', ...options);
    expect([status, /^error: /m.test(stderr)]).toEqual([2, true]);
  });
});

describe('ops', () => {
  it('lists and describes', () => {
    const { stdout } = run('ops');
    expect(stdout).toMatch(/^elementwise +exp\(x\) +e to the power x\.$/m);
    expect(stdout).toMatch(/^layer +dense\(units, bias = true\)/m);
    expect(stdout).toMatch(/^primitive +a \* b +d_a = d_y \* b, d_b = d_y \* a$/m);
    expect(stdout).not.toMatch(/reduceMax|toF32|contract/);
    expect(run('ops', 'exp').stdout).toContain('d_x = d_y * y');
    expect(run('ops', 'dense').stdout).toContain('param W: [n, units] ~ glorot_uniform()');
    expect(run('ops', 'sofmax').stderr).toContain('did you mean softmax?');
  });
});

describe('train', () => {
  it('trains, prints an epoch a line, and writes the run', () => {
    const files = ['last.safetensors', 'best.safetensors', 'metrics.jsonl', 'metrics.csv', 'steps.jsonl'];
    files.push('run.json', 'report.html', 'model.nn');
    const { status, stdout, stderr } = run('train', 'line.nn', '--out', 'run', '--epochs', '10');
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe('line: 2 parameters, 3 rows to train on (wasm)');
    expect(lines[10]).toMatch(/^epoch 10\/10 {2}loss [\d.e-]+ {2}0:00$/);
    expect(lines[11]).toBe(`saved in run: ${files.join(', ')}`);
    expect(stdout).not.toContain('\u001b');
    const records = readFileSync(join(folder, 'run/metrics.jsonl'), 'utf8').trimEnd().split('\n');
    expect(records.length).toBe(10);
    expect(JSON.parse(records[9])).toMatchObject({ epoch: 10, step: 10, train: { loss: expect.any(Number) } });
    expect(readdirSync(join(folder, 'run')).sort()).toEqual(files.sort());
  });

  it('gives the same run for the same seed', () => {
    const bytes = (seed: string, out: string): Buffer => {
      expect(
        run('train', 'line.nn', '--seed', seed, '--epochs', '3', '--batch', '2', '--out', out, '--force').status,
      ).toBe(0);
      return readFileSync(join(folder, out, 'last.safetensors'));
    };
    expect(bytes('5', 'first').equals(bytes('5', 'second'))).toBe(true);
    expect(bytes('5', 'first').equals(bytes('6', 'third'))).toBe(false);
  });

  it('does not overwrite a run unasked', () => {
    expect(run('train', 'line.nn', '--epochs', '2', '--out', 'kept').status).toBe(0);
    expect(run('train', 'line.nn', '--epochs', '1', '--out', '')).toMatchObject({
      status: 2,
      stderr: "error: option '--out <run>' argument '' is invalid. It should name a folder.\n",
    });
    const before = readFileSync(join(folder, 'kept/metrics.jsonl'), 'utf8');
    const { status, stderr } = run('train', 'line.nn', '--epochs', '1', '--out', 'kept');
    expect([status, stderr]).toEqual([
      1,
      'error[run-exists]: kept holds a run already\n  │\n  = help: name another folder, or overwrite it with --force\n\n',
    ]);
    expect(readFileSync(join(folder, 'kept/metrics.jsonl'), 'utf8')).toBe(before);
    expect(run('train', 'line.nn', '--epochs', '1', '--out', 'kept', '--force').status).toBe(0);
    expect(readFileSync(join(folder, 'kept/metrics.jsonl'), 'utf8').trimEnd().split('\n').length).toBe(1);
  });

  it('counts as rows to train on those that are not held back', () => {
    file('held.nn', line.replace('seed', 'validation = 0.4\n    seed'));
    const { stdout } = run('train', 'held.nn', '--epochs', '1', '--out', 'held');
    expect(stdout).toMatch(/^line: 2 parameters, 2 rows to train on \(wasm\)\nepoch 1\/1 .* validation loss /);
  });

  it('stops when what is monitored gets no better, and keeps the best epoch beside the last', () => {
    const settings = 'metric slope = mean(prediction)\n  train {\n    monitor = "-slope", patience = 2';
    file('patient.nn', line.replace('train {', settings));
    const { stdout } = run('train', 'patient.nn', '--epochs', '9', '--out', 'patient');
    expect(stdout).toMatch(/\nstopped after epoch 3: slope is best in epoch 1\nsaved in patient: .*\n$/);
    const records = readFileSync(join(folder, 'patient/metrics.jsonl'), 'utf8').trimEnd().split('\n');
    expect(records.length).toBe(3);
    const updates = /"update":"(\d+)"/.exec(readFileSync(join(folder, 'patient/last.safetensors'), 'latin1'))?.[1];
    expect(updates).toBe(String((JSON.parse(records[2]) as { step: number }).step));
  });

  it('names the files that are there: none is the best where no loss was finite', () => {
    file('diverged.nn', line.replace('mse(prediction, y)', 'mse(prediction, y) + log(0 * mean(x) - 1)'));
    const { status, stdout } = run('train', 'diverged.nn', '--epochs', '2', '--out', 'diverged', '--allow-nonfinite');
    expect(status).toBe(0);
    expect(stdout).toMatch(/no epoch had a finite loss.*\nsaved in diverged: last.safetensors, metrics.jsonl, .*\n$/);
    expect(existsSync(join(folder, 'diverged/best.safetensors'))).toBe(false);
  });

  it('is refused in words where a batch is larger than memory', () => {
    for (const target of ['ts', 'wasm']) {
      const { status, stderr } = run('bench', 'line.nn', '--batch', '100000000000', '--target', target);
      expect(status).toBe(1);
      expect(stderr).toMatch(/^error\[train-refused\]: the model line cannot be trained so: \S/);
    }
    expect(run('train', 'line.nn', '--batch', '100000000000', '--epochs', '1', '--out', 'large').status).toBe(0);
  });

  it('takes other data', () => {
    file('other.csv', 'y,x\n0,1\n');
    expect(run('train', 'line.nn', '--data', 'other.csv', '--epochs', '1', '--out', 'o').stdout).toContain(
      ', 1 row to train on',
    );
    expect(run('train', 'line.nn', '--data', 'none.csv', '--out', 'o')).toMatchObject({ status: 1 });
  });

  it('explains data that are missing or wrong', () => {
    file('bad.csv', 'x,y\n1,two\n');
    const { status, stderr } = run('train', 'line.nn', '--data', 'bad.csv', '--out', 'never');
    expect(status).toBe(1);
    expect(stderr).toContain('error[data-value]: bad.csv, line 2, column "y": found "two", expected a number');
    expect(existsSync(join(folder, 'never'))).toBe(false);
    file(
      'bare.nn',
      'model m {\n  input x: [batch, 1]\n  loss = mean(x |> dense(1))\n  train { optimizer = sgd(lr = 1) }\n}\n',
    );
    expect(run('train', 'bare.nn').stderr).toContain(
      'error[data-absent]: the model m does not say what data to train on',
    );
    file('idle.nn', 'model m {\n  input x: [batch, 1]\n  loss = mean(x |> dense(1))\n}\n');
    expect(run('train', 'idle.nn').stderr).toContain('error[train-absent]: the model m does not say how to train it');
  });

  it('stops after the step and saves when it is interrupted', async () => {
    const root = join(import.meta.dirname, '../..');
    const args = [join(root, 'bin/nnc.js'), 'train', 'line.nn', '--epochs', '100000000', '--out', 'stopped'];
    const child = spawn(process.execPath, args, { cwd: folder });
    let stdout = '';
    let interrupted = false;
    child.stdout.on('data', (text) => {
      stdout += text;
      if (interrupted || !stdout.includes('epoch')) return;
      interrupted = true;
      child.kill('SIGINT');
    });
    const status = await new Promise((resolve) => child.on('exit', resolve));
    expect(status).toBe(0);
    expect(stdout).toMatch(/stopped after [\d,]+ steps?\ngo on with: nnc train --resume stopped\nsaved in stopped/);
    expect(existsSync(join(folder, 'stopped/last.safetensors'))).toBe(true);
  });
});
