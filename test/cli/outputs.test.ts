// What cannot be written is an error of its own: said once, exit code 1, and never a process that spins.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { full } from '../support/full.js';
import { nnc, shell, warm, type Outcome } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-outputs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const line = `model line {
  input x: [batch, 1]
  input y: [batch, 1]
  output prediction = x |> dense(1)
  loss = mse(prediction, y)
  train {
    optimizer = sgd(lr = 0.1)
    batch     = 3
    epochs    = 3
    data      = csv("line.csv", x = "x", y = "y")
  }
}
`;
writeFileSync(join(folder, 'line.nn'), line);
writeFileSync(join(folder, 'wrong.nn'), 'model wrong {\n  input x: [batch, 2]\n  loss = mean(x @ y)\n}\n');
writeFileSync(join(folder, 'line.csv'), 'x,y\n1,2\n2,4\n3,6\n');

const run = (line: string): Outcome => shell(line, { cwd: folder });
const noSpace = 'the disk is full';

describe('standard output that is full', () => {
  const commands = [
    ['check', 'wrong.nn', '--json'],
    ['compile', 'line.nn', '--emit', 'tree'],
    ['train', 'line.nn', '--out', 'full', '--force'],
    ['--help'],
  ];
  // They write as those do.
  const others = [
    ['compile', 'line.nn'],
    ['compile', 'line.nn', '--emit', 'graph'],
    ['grad', 'line.nn'],
    ['ops'],
    ['ops', 'exp'],
    ['bench', 'line.nn', '--seconds', '0.1'],
    ['train', '--help'],
    ['--version'],
  ];
  it.each(full ? [...commands, ...others] : commands)('%s %s', (...args) => {
    const { status, stderr } = nnc(args, { cwd: folder, stdout: '/dev/full' });
    expect([status, stderr]).toEqual([
      1,
      `error[output-unwritable]: standard output cannot be written: ${noSpace}\n\n`,
    ]);
  });
});

describe('standard error that is full', () => {
  const commands = [['check', 'wrong.nn'], ['fly']];
  const others = [
    ['train', 'wrong.nn'],
    ['check', 'none.nn'],
    ['grad', 'wrong.nn'],
    ['bench', 'wrong.nn'],
  ];
  it.each(full ? [...commands, ...others] : commands)('%s %s', (...args) => {
    expect(nnc(args, { cwd: folder, stderr: '/dev/full' })).toEqual({ status: 1, stdout: '', stderr: null });
  });

  it('with standard output full too', () => {
    expect(nnc(['ops'], { stdout: '/dev/full', stderr: '/dev/full' }).status).toBe(1);
  });
});

describe('a reader that has ended', () => {
  it('is said', () => {
    const { status, stderr } = run('$nnc ops | true; exit ${PIPESTATUS[0]}');
    expect(status).toBe(1);
    expect(stderr).toBe('error[output-unwritable]: standard output cannot be written: its reader has ended\n\n');
    expect(run('$nnc check wrong.nn 2>&1 >/dev/null | true; exit ${PIPESTATUS[0]}').status).toBe(1);
  });

  it('leaves what was learnt', () => {
    const { status, stderr } = run('$nnc train line.nn --epochs 4000 --out read | head -1; exit ${PIPESTATUS[0]}');
    expect(status).toBe(1);
    expect(stderr).toContain('standard output cannot be written');
    const left = readdirSync(join(folder, 'read'));
    expect(left).toEqual(expect.arrayContaining(['best.safetensors', 'last.safetensors', 'metrics.jsonl', 'run.json']));
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(readFileSync(join(folder, 'read/metrics.jsonl'), 'utf8')).toMatch(/^\{"epoch":1,.*\}\n/);
  });
});

describe('files that may not grow', () => {
  it.each([
    [
      'a file',
      'ulimit -f 1; $nnc compile line.nn --emit tree -o large.ts',
      'large.ts cannot be written: it would be larger',
    ],
    ['a run', 'ulimit -f 0; $nnc train line.nn --out small', 'cannot be written: it would be larger'],
    [
      'standard output',
      'ulimit -f 1; $nnc compile line.nn --emit tree > large.txt',
      'standard output cannot be written: it would',
    ],
  ])('%s', (_, command, said) => {
    const { status, stderr } = run(command);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error\[[a-z-]+\]: [^\n]+\n\n$/);
    expect(stderr).toContain(said);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp') || name === 'large.ts')).toEqual([]);
  });

  it('standard error', () => {
    expect(run('ulimit -f 0; $nnc check wrong.nn 2> none.txt').status).toBe(1);
  });
});

describe('streams that are closed', () => {
  it('end nothing', () => {
    expect(run('$nnc check line.nn >&- 2>&- <&-').status).toBe(0);
    expect(run('$nnc check wrong.nn >&- 2>&- <&-').status).toBe(1);
    expect(run('$nnc check - <&-').status).toBe(1);
  });
});

describe('places that cannot be written', () => {
  it.each([
    ['a folder of /proc', '/proc/nope', 'no folder can be made there'],
    ['a folder below one of /proc', '/proc/self/nope/run', 'no folder can be made there'],
    ['a file', 'line.csv', 'a file of this name exists'],
    ['a folder below a file', 'line.csv/run', 'a part of its path is not a folder'],
    ['a name of a thousand letters', 'n'.repeat(1000), 'the name is too long'],
  ])('%s', (_, out, reason) => {
    const { status, stderr, stdout } = warm(['train', 'line.nn', '--out', out], { cwd: folder });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^error\[file-unwritable\]: [^\n]+\n\n$/);
    expect(stderr).toContain(reason);
  });

  it.each([
    ['verify', '-o', 'none/certificate.json'],
    ['grad', '-o', 'none/model.html'],
    ['graph', '-o', 'none/model.html'],
    ['compile', '-o', 'none/model.js'],
    ['compile', '--emit', 'all', '-o', 'line.csv/stages'],
    ['train', '--out', 'line.csv/run'],
  ])('are refused before the work: nnc %s', (command, ...args) => {
    // Nothing has been read yet: that there is no such model is not said.
    const { status, stderr } = warm([command, 'no-model.nn', ...args], { cwd: folder });
    expect([status, stderr.split(':')[0]]).toEqual([1, 'error[file-unwritable]']);
  });

  it('a temporary folder that is not there', () => {
    const { status, stderr } = run('TMPDIR=/none $nnc train line.nn --out tmp');
    expect([status, stderr]).toEqual([
      1,
      'error[file-unwritable]: /none cannot be written: its folder does not exist\n\n',
    ]);
  });

  it('devices are written as they are, and links stay links', () => {
    const device = warm(['compile', 'line.nn', '--emit', 'tree', '-o', '/dev/full'], { cwd: folder });
    expect([device.status, device.stderr]).toEqual([
      1,
      `error[file-unwritable]: /dev/full cannot be written: ${noSpace}\n\n`,
    ]);
    expect(run('$nnc compile line.nn --emit tree -o /dev/stdout | head -c 1').stdout).toBe('[');
    mkdirSync(join(folder, 'linked'));
    writeFileSync(join(folder, 'linked/model.ts'), '');
    symlinkSync('linked/model.ts', join(folder, 'link.ts'));
    expect(warm(['compile', 'line.nn', '-o', 'link.ts'], { cwd: folder }).status).toBe(0);
    expect(readFileSync(join(folder, 'linked/model.ts'), 'utf8')).toContain('createTrainer');
  });
});

describe('sources that never end', () => {
  it('are refused', () => {
    const { status, stderr } = warm(['check', '/dev/zero']);
    expect([status, stderr]).toEqual([
      1,
      'error[file-unreadable]: /dev/zero cannot be read: it is longer than 64 MiB\n\n',
    ]);
  });
});

describe('what a killed process has left', () => {
  it('is removed by the next one that writes there, and what a living one writes is not', () => {
    const [dead, living, other] = ['line.ts.999999999.tmp', `line.ts.${process.pid}.tmp`, 'line.ts.tmp'].map((name) =>
      join(folder, name),
    );
    for (const path of [dead, living, other]) writeFileSync(path, '');
    expect(warm(['compile', 'line.nn', '-o', 'line.ts'], { cwd: folder }).status).toBe(0);
    expect([dead, living, other].map((path) => existsSync(path))).toEqual([false, true, true]);
    mkdirSync(join(folder, 'killed'));
    for (const name of ['last', 'best']) writeFileSync(join(folder, `killed/${name}.safetensors.999999999.tmp`), '');
    expect(warm(['train', 'line.nn', '--out', 'killed'], { cwd: folder }).status).toBe(0);
    const left = readdirSync(join(folder, 'killed'));
    expect(left).toEqual(expect.arrayContaining(['best.safetensors', 'last.safetensors', 'metrics.jsonl', 'run.json']));
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
