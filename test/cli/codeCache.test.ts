// The cache of compiled code: a run uses what an earlier one has kept, and whatever is wrong with it changes nothing but time.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { codeCache } from '../../src/cli/codeCache.js';

const place = mkdtempSync(join(tmpdir(), 'nnc-cache-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
beforeEach(() => {
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place);
});

const folder = join(place, 'nnc/code');
const env = { XDG_CACHE_HOME: place };
const filesOf = (path: string): string[] => (existsSync(path) ? readdirSync(path).sort() : []);

describe('the cache', () => {
  const source = Buffer.from('function f() {}');
  const code = Buffer.from('what V8 made of it');
  const uses = ['compile wasm'];
  const keep = (installation = '/parts', made = code): void =>
    codeCache(installation, env).write('/parts/main.cjs', source, { uses, make: () => made });
  const kept = (installation = '/parts', text = source, settings: NodeJS.ProcessEnv = env) =>
    codeCache(installation, settings).read('/parts/main.cjs', text);

  it('gives back what was kept, in a folder that is the user’s alone', () => {
    expect(kept()).toBeUndefined();
    keep();
    expect(kept()).toEqual({ code, uses });
    expect(filesOf(folder)).toEqual([expect.stringMatching(/^main-[0-9a-f]{16}\.bin$/)]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('has nothing for another text of the same length, nor for another installation', () => {
    keep();
    expect(kept('/parts', Buffer.from('function g() {}'))).toBeUndefined();
    expect(kept('/other')).toBeUndefined();
  });

  it('replaces what was kept of another text in the same place', () => {
    keep();
    keep('/parts', Buffer.from('newer'));
    expect(kept()?.code.toString()).toBe('newer');
    expect(filesOf(folder)).toHaveLength(1);
  });

  it('takes no bytes that are not those that were written', () => {
    keep();
    const file = join(folder, filesOf(folder)[0]);
    const good = readFileSync(file);
    for (const at of good.keys()) {
      const bad = Buffer.from(good);
      bad[at] ^= 1;
      writeFileSync(file, bad);
      expect(kept()).toBeUndefined();
    }
    for (const length of [0, 1, 31, 32, 36, good.length - 1]) {
      writeFileSync(file, good.subarray(0, length));
      expect(kept()).toBeUndefined();
    }
    writeFileSync(file, good);
    expect(kept()).toEqual({ code, uses });
  });

  it('removes what nothing has written for three months', () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of ['old.bin', 'new.bin']) writeFileSync(join(folder, name), '');
    const then = Date.now() / 1000 - 91 * 24 * 60 * 60;
    utimesSync(join(folder, 'old.bin'), then, then);
    keep();
    expect(filesOf(folder)).toEqual([expect.stringMatching(/^main-/), 'new.bin']);
  });

  it.each(['NNC_NO_CACHE', 'NODE_DISABLE_COMPILE_CACHE'])('is off where %s says so', (name) => {
    keep();
    expect(kept('/parts', source, { ...env, [name]: '1' })).toBeUndefined();
  });

  it.runIf(process.getuid)('does not trust a folder that others may write', () => {
    keep();
    chmodSync(folder, 0o777);
    expect(kept()).toBeUndefined();
  });

  it('makes nothing where nothing can be written', () => {
    keep();
    const cache = codeCache('/parts', env);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'no folder');
    const make = (): Buffer => {
      throw new Error('made for nothing');
    };
    expect(() => cache.write('/parts/main.cjs', source, { uses, make })).not.toThrow();
    expect(cache.read('/parts/main.cjs', source)).toBeUndefined();
  });
});

describe('the command', () => {
  const run = (args: readonly string[], more: NodeJS.ProcessEnv = {}) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../../bin/nnc.js'), ...args],
      {
        env: {
          ...process.env,
          NNC_NO_CACHE: undefined,
          NODE_DISABLE_COMPILE_CACHE: undefined,
          ...env,
          TMPDIR: place,
          ...more,
        },
        encoding: 'utf8',
      },
    );
    return { status, stdout, stderr };
  };
  const expected = run(['passes'], { NNC_NO_CACHE: '1' });
  const only = (): string => join(folder, filesOf(folder)[0]);
  const inode = (): number => statSync(only()).ino;

  it('keeps its code once for each way in which it is used', () => {
    expect(expected).toMatchObject({ status: 0, stderr: '' });
    expect(run(['passes'])).toEqual(expected);
    expect(filesOf(folder)).toEqual([expect.stringMatching(/^main-/)]);
    const first = inode();
    // It stays: so V8 has taken what is there.
    expect(run(['passes'])).toEqual(expected);
    expect(inode()).toBe(first);
    expect(run(['ops']).status).toBe(0);
    const both = inode();
    expect(both).not.toBe(first);
    expect(run(['passes'])).toEqual(expected);
    expect(run(['ops']).status).toBe(0);
    expect(inode()).toBe(both);
  });

  it('does the same where what it has kept is damaged, and keeps its code anew', () => {
    run(['passes']);
    const good = readFileSync(only());
    const bad = Buffer.from(good);
    bad.fill(7, 1000, 2000);
    for (const bytes of [bad, good.subarray(0, 5000)]) {
      writeFileSync(only(), bytes);
      expect(run(['passes'])).toEqual(expected);
      expect(statSync(only()).size).toBeGreaterThan(good.length / 2);
      const repaired = inode();
      expect(run(['passes'])).toEqual(expected);
      expect(inode()).toBe(repaired);
    }
  });

  it('keeps nothing where it fails or is told not to', () => {
    expect(run(['check', 'none.nn']).status).toBe(1);
    expect(run(['passes', '--wrong']).status).toBe(2);
    expect(run(['passes'], { NNC_NO_CACHE: '1' })).toEqual(expected);
    expect(filesOf(folder)).toEqual([]);
  });

  it('takes the folder for what is temporary where the other cannot be written, and none where neither can', () => {
    const file = join(place, 'file');
    writeFileSync(file, '');
    expect(run(['passes'], { XDG_CACHE_HOME: file })).toEqual(expected);
    expect(filesOf(place).some((name) => name.startsWith('nnc-'))).toBe(true);
    expect(run(['passes'], { XDG_CACHE_HOME: file, TMPDIR: file })).toEqual(expected);
  });
});
