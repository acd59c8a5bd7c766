// Outputs are written whole or not at all.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkFolderWritable, checkWritable, readImport, readSource, textOf, writeFiles } from '../../src/cli/files.js';
import { Fault } from '../../src/diagnostics/diagnostic.js';

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
