// The architecture's floors: imports go down only, and each outside package and Node itself is used in its own room.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../src');

/** A room is a folder of src/; files directly in src/ are the public API and the embedded text. */
const floors: Readonly<Record<string, number>> = {
  embedded: 0,
  diagnostics: 0,
  parser: 1,
  ir: 1,
  passes: 2,
  codegen: 2,
  targets: 2,
  compile: 2.5,
  inspect: 3,
  data: 3,
  index: 3.5,
  cli: 4,
};

/** Rooms of one floor that must not know each other. */
const strangers: readonly (readonly [string, string])[] = [
  ['parser', 'ir'],
  ['passes', 'codegen'],
];

/** Which rooms may use which packages; `node:` stands for everything of Node. */
const packages: Readonly<Record<string, readonly string[]>> = {
  chevrotain: ['parser'],
  'ts-morph': ['codegen'],
  prettier: ['codegen'],
  picocolors: ['cli', 'diagnostics'],
  commander: ['cli'],
  'node:': ['cli', 'data'],
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly target: string;
}

describe('floors', () => {
  const imports = filesOf(root).flatMap(importsOf);

  it('finds the imports it is about', () => {
    expect(imports.length).toBeGreaterThan(50);
  });

  it('go down only', () => {
    const wrong = imports.filter((i) => i.target.startsWith('.')).flatMap(violation);
    expect(wrong).toEqual([]);
  });

  it('keep packages and Node in their rooms', () => {
    const wrong = imports
      .filter((i) => !i.target.startsWith('.'))
      .filter((i) => !packages[packageOf(i.target)]?.includes(i.from))
      .map((i) => `${i.file} imports ${i.target}`);
    expect(wrong).toEqual([]);
  });

  it('know every room', () => {
    const rooms = readdirSync(root).map((name) => name.replace(/\.ts$/, ''));
    expect(rooms.filter((room) => floors[room] === undefined && room !== 'std')).toEqual([]);
  });
});

describe('source files', () => {
  const files = filesOf(root).filter((file) => !file.endsWith('embedded.ts'));

  it('open with a sentence that says what lives there', () => {
    expect(files.filter((file) => !/^(#!.*\n)?\/\/ \S/.test(read(file))).map(named)).toEqual([]);
  });

  it('have no default export, no TODO and no suppressed check', () => {
    const forbidden =
      /export default|\bTODO\b|\bFIXME\b|@ts-ignore|^\s*\/\/ @ts-nocheck|eslint-disable|oxlint-disable/m;
    expect(files.filter((file) => forbidden.test(read(file))).map(named)).toEqual([]);
  });

  it('are of a readable length', () => {
    expect(files.filter((file) => read(file).split('\n').length > 700).map(named)).toEqual([]);
  });
});

function violation({ file, from, target }: Import): string[] {
  const to = roomOf(normalize(join(dirname(file), target)));
  if (from === to) return [];
  const together = strangers.some(([a, b]) => (from === a && to === b) || (from === b && to === a));
  const up = floors[to] > floors[from];
  return together || up || floors[to] === undefined ? [`${file} (${from}) imports ${target} (${to})`] : [];
}

function importsOf(path: string): Import[] {
  const file = named(path);
  const pattern = /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|import\s*\(\s*['"]([^'"]+)['"]\s*\)/g;
  const found = [...read(path).matchAll(pattern)];
  return found.map((match) => ({ file, from: roomOf(file), target: match[1] ?? match[2] }));
}

function roomOf(file: string): string {
  return file.split('/')[0].replace(/\.(js|ts)$/, '');
}

function packageOf(target: string): string {
  if (target.startsWith('node:')) return 'node:';
  return target.split('/')[0];
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesOf(join(folder, entry.name)) : [join(folder, entry.name)]))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.includes('/codegen/runtime/'));
}

function named(file: string): string {
  return relative(root, file);
}

function read(file: string): string {
  return readFileSync(file, 'utf8');
}
