// Outputs are written whole or not at all.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  checkFolderWritable,
  checkWritable,
  readImport,
  readSource,
  textOf,
  writeChunks,
  writeFiles,
} from '../../src/cli/files.js';
import { writeTensors } from '../../src/codegen/runtime/safetensors.js';
import { forgetReads } from '../../src/data/reads.js';
import { Fault } from '../../src/diagnostics/diagnostic.js';
import { warm } from './nnc.js';

const folder = mkdtempSync(join(tmpdir(), 'nnc-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

function messageOf(action: () => void): string {
  try {
    action();
  } catch (error) {
    if (error instanceof Fault) return `${error.diagnostic.code}: ${error.diagnostic.message}`;
    throw error;
  }
  return 'no message';
}

describe('writeFiles', () => {
  it('writes and replaces', () => {
    const path = join(folder, 'a.txt');
    writeFiles([{ path, content: 'one' }]);
    writeFiles([{ path, content: 'two' }]);
    expect(readFileSync(path, 'utf8')).toBe('two');
  });

  it('leaves every file as it was where one cannot be written', () => {
    const [good, bad] = [join(folder, 'good.js'), join(folder, 'good.d.ts')];
    writeFileSync(good, 'before');
    mkdirSync(bad);
    const files = [
      { path: good, content: 'after' },
      { path: bad, content: 'types' },
    ];
    expect(messageOf(() => writeFiles(files))).toBe(`file-unwritable: ${bad} cannot be written: it is a folder`);
    expect(readFileSync(good, 'utf8')).toBe('before');
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('explains a folder that does not exist', () => {
    const path = join(folder, 'none', 'a.ts');
    expect(messageOf(() => writeFiles([{ path, content: '' }]))).toBe(
      `file-unwritable: ${path} cannot be written: its folder does not exist`,
    );
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });
});

describe('what a command reads', () => {
  afterEach(forgetReads);

  it('is replaced by nothing else, whatever way leads there', () => {
    const [path, link] = [join(folder, 'read.nn'), join(folder, 'link.nn')];
    writeFileSync(path, 'one');
    symlinkSync(path, link);
    readSource(path);
    for (const output of [path, link, join(folder, '.', 'read.nn')])
      expect(messageOf(() => writeFiles([{ path: output, content: 'two' }]))).toBe(
        `file-unwritable: ${output} cannot be written: this command reads it, so name another`,
      );
    expect(messageOf(() => writeChunks(path, [new Uint8Array(1)]))).toContain('this command reads it');
    // A run keeps its model, and is started from there again.
    writeFiles([{ path, content: 'one' }]);
    expect(readFileSync(path, 'utf8')).toBe('one');
    writeFiles([{ path, content: 'formatted' }], { inPlace: true });
    expect(readFileSync(path, 'utf8')).toBe('formatted');
  });

  it.each([
    ['export model.nn --onnx model.nn', 'model.nn'],
    ['export model.nn --step --onnx m.onnx --initial model.nn', 'model.nn'],
    ['export model.nn --checkpoint w.safetensors --onnx w.safetensors', 'w.safetensors'],
    ['weights model.nn --from w.safetensors -o model.nn', 'model.nn'],
    [
      'weights model.nn --from w.safetensors --to pytorch --like like.safetensors -o like.safetensors',
      'like.safetensors',
    ],
    ['data model.nn -o model.nn', 'model.nn'],
    ['data model.nn --data d.csv -o d.csv', 'd.csv'],
  ])('%s', (line, file) => {
    const text = `model m {
  input x: [batch, 2]
  param w: [2, 1] = 0
  p = x @ w
  output p
  loss = mean(p^2)
  train { optimizer = sgd(0.1), data = csv("d.csv", x = 0..1) }
}
`;
    writeFileSync(join(folder, 'model.nn'), text);
    writeFileSync(join(folder, 'd.csv'), 'a,b\n1,2\n3,4\n');
    for (const [name, value] of [
      ['w.safetensors', 1],
      ['like.safetensors', 2],
    ] as const)
      writeFileSync(
        join(folder, name),
        writeTensors([{ name: 'w', shape: [2, 1], data: Float32Array.of(value, 3) }], {}),
      );
    const before = readFileSync(join(folder, file));
    const { status, stderr } = warm(line.split(' '), { cwd: folder });
    expect([status, stderr]).toEqual([
      1,
      `error[file-unwritable]: ${file} cannot be written: this command reads it, so name another\n\n`,
    ]);
    expect(readFileSync(join(folder, file))).toEqual(before);
  });
});

describe('checkWritable', () => {
  it('refuses what writing would refuse, and leaves nothing behind', () => {
    const [good, none] = [join(folder, 'checked.txt'), join(folder, 'none', 'a.ts')];
    writeFileSync(good, 'before');
    const names = readdirSync(folder);
    checkWritable([good, join(folder, 'new.txt'), '-', undefined, '/dev/null']);
    expect(messageOf(() => checkWritable([good, none]))).toContain(
      `${none} cannot be written: its folder does not exist`,
    );
    expect(messageOf(() => checkWritable([folder]))).toContain('it is a folder');
    expect(messageOf(() => checkFolderWritable(join(good, 'run')))).toContain('a part of its path is not a folder');
    checkFolderWritable(join(folder, 'new', 'run'));
    expect(readdirSync(folder)).toEqual(names);
    expect(readFileSync(good, 'utf8')).toBe('before');
  });

  it.runIf(existsSync('/proc/self'))('knows what a file system refuses in a folder that is there', () => {
    const reason = process.getuid?.() === 0 ? 'no file can be made there' : 'permission is denied';
    expect(messageOf(() => checkWritable(['/proc/x.html']))).toBe(
      `file-unwritable: /proc/x.html cannot be written: ${reason}`,
    );
  });
});

describe('readSource', () => {
  it('remembers the text for messages', () => {
    const path = join(folder, 'm.nn');
    writeFileSync(path, 'model m {}');
    expect(readSource(path)).toEqual({ file: path, text: 'model m {}' });
    expect(textOf(path)).toBe('model m {}');
  });

  it('explains what cannot be read', () => {
    const none = join(folder, 'none.nn');
    expect(messageOf(() => readSource(none))).toBe(`file-unreadable: ${none} cannot be read: there is no such file`);
    expect(messageOf(() => readSource(folder))).toBe(`file-unreadable: ${folder} cannot be read: it is a folder`);
    if (process.getuid?.() !== 0) {
      const locked = join(folder, 'locked.nn');
      writeFileSync(locked, '');
      chmodSync(locked, 0);
      expect(messageOf(() => readSource(locked))).toBe(
        `file-unreadable: ${locked} cannot be read: permission is denied`,
      );
    }
  });
});

describe('readImport', () => {
  it('gives undefined where there is nothing to read', () => {
    expect(readImport(join(folder, 'none.nn'))).toBeUndefined();
    expect(readImport(folder)).toBeUndefined();
  });
});
