// The architecture's floors: imports go down only, and each outside package and Node itself is used in its own room.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../src');

/** A room is a folder of src/; files directly in src/ are the public API and the embedded text. */
const floors: Readonly<Record<string, number>> = {
  embedded: 0,
  embeddedPages: 0,
  diagnostics: 0,
  parser: 1,
  ir: 1,
  passes: 2,
  codegen: 2,
  format: 2,
  targets: 2,
  compile: 2.5,
  analysis: 2.7,
  inspect: 3,
  export: 3,
  page: 3.2,
  server: 3.3,
  data: 3,
  import: 3.1,
  modules: 3,
  index: 3.5,
  node: 4.5,
  cli: 4,
};

/** Rooms of one floor that must not know each other. */
const strangers: readonly (readonly [string, string])[] = [
  ['parser', 'ir'],
  ['passes', 'codegen'],
  ['passes', 'format'],
  ['codegen', 'format'],
];

/** Which rooms may use which packages; `node:` stands for everything of Node. */
const packages: Readonly<Record<string, readonly string[]>> = {
  chevrotain: ['parser'],
  'ts-morph': ['codegen'],
  sucrase: ['codegen'],
  prettier: ['codegen', 'format'],
  picocolors: ['cli', 'diagnostics'],
  commander: ['cli'],
  'vscode-languageserver': ['cli', 'server'],
  '@dagrejs/dagre': ['inspect'],
  uplot: ['page'],
  asciichart: ['cli'],
  'fast-png': ['data'],
  'jpeg-js': ['data'],
  hyparquet: ['data'],
  'hyparquet-compressors': ['data'],
  '@bufbuild/protobuf': ['export'],
  'node:': ['cli', 'data', 'modules'],
};

/**
 * Rooms within passes/ and codegen/, and which of the others there each may import; a file belongs to the innermost. What forms of a
 * program share, such as the algebra of nests, stands in ir/.
 */
const inner: Readonly<Record<string, readonly string[]>> = {
  // The forms that passes hand on, from stage to stage, and what several need: buffers, names that are taken once.
  passes: ['passes/derive', 'passes/stored', 'passes/fuse', 'passes/schedule'],
  // Gradients are a function of the language.
  'passes/elaborate': ['passes/derive'],
  'passes/derive': ['passes/stored'],
  'passes/stored': [],
  'passes/fuse': ['passes/stored'],
  'passes/schedule': [
    'passes',
    'passes/derive',
    'passes/fuse',
    ...within('passes/schedule', 'plan', 'lower', 'intrinsics'),
  ],
  'passes/schedule/plan': [],
  'passes/schedule/lower': [],
  'passes/schedule/intrinsics': [],
  'passes/schedule/pace': [],
  codegen: within('codegen', 'text', 'module', 'typescript', 'wasm', 'wgsl'),
  'codegen/text': [],
  // A module holds printed kernels, and another target's trainer to fall back on.
  'codegen/module': ['codegen', ...within('codegen', 'text', 'runtime', 'typescript', 'wasm', 'wgsl')],
  'codegen/runtime': [],
  'codegen/typescript': ['codegen', ...within('codegen', 'text', 'module')],
  // A binary is packed by what unpacks it.
  'codegen/wasm': ['codegen', ...within('codegen', 'text', 'module', 'runtime')],
  'codegen/wgsl': ['codegen', ...within('codegen', 'text', 'module')],
};

/** Files whose values need one another in a circle, with the reason; any other circle is a fault. */
const circles: Readonly<Record<string, readonly string[]>> = {
  'an expression holds calls, scans, indexing and patterns, all of which hold expressions; a call evaluates the body of what it calls':
    [
      'passes/elaborate/bodies',
      'passes/elaborate/calls',
      'passes/elaborate/expressions',
      'passes/elaborate/ownGradients',
      'passes/elaborate/patterns',
      'passes/elaborate/requirements',
      'passes/elaborate/scan',
      'passes/elaborate/slicing',
    ],
  'the derivative of an op is written with other ops, whose derivatives are written with it': [
    'ir/ops/arithmetic',
    'ir/ops/calls',
    'ir/ops/logic',
    'ir/ops/movement',
    'ir/ops/reductions',
    'ir/ops/transcendental',
  ],
  'an address holds elements, which are values, and a value is loaded from an address': [
    'codegen/wasm/addresses',
    'codegen/wasm/values',
  ],
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly target: string;
  /** Only types: nothing is there when the program runs. */
  readonly type: boolean;
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

  it('hold within passes/ and codegen/', () => {
    const wrong = imports
      .filter((i) => i.target.startsWith('.'))
      .flatMap((i) => {
        const [from, to] = [innerRoomOf(i.file), innerRoomOf(targetOf(i))];
        if (from === undefined || to === undefined || from === to) return [];
        return inner[from].includes(to) ? [] : [`${i.file} (${from}) imports ${i.target} (${to})`];
      });
    expect(wrong).toEqual([]);
  });

  it('have no circles of values but those with a reason', () => {
    const found = circlesOf(imports.filter((i) => i.target.startsWith('.') && !i.type));
    const known = Object.values(circles).map((files) => [...files].sort().join(' '));
    expect(found.map((files) => [...files].sort().join(' ')).sort()).toEqual(known.sort());
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
  const files = filesOf(root).filter((file) => !/embedded(Pages)?\.ts$/.test(file));

  it('open with a sentence that says what lives there', () => {
    expect(files.filter((file) => !/^(#!.*\n)?\/\/ \S/.test(read(file))).map(named)).toEqual([]);
  });

  it('have no default export, no TODO and no suppressed check', () => {
    const forbidden =
      /export default|\bTODO\b|\bFIXME\b|@ts-ignore|^\s*\/\/ @ts-nocheck|eslint-disable|oxlint-disable/m;
    // What configurations of Vite import by whatever name they like.
    const plugin = /^export default function nnc/m;
    const wrong = files.filter((file) =>
      forbidden.test(read(file).replace(named(file) === 'modules/vite.ts' ? plugin : '', '')),
    );
    expect(wrong.map(named)).toEqual([]);
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
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s([^'"`;]*?)from\s*['"]([^'"]+)['"]|import\s*\(\s*['"]([^'"]+)['"]\s*\)/g;
  const found = [...read(path).matchAll(pattern)];
  return found.map(([, names, target, dynamic]) => ({
    file,
    from: roomOf(file),
    target: target ?? dynamic,
    type: names !== undefined && isOfTypes(names),
  }));
}

/** `type { A, B }`, `{ type A, type B }`. */
function isOfTypes(names: string): boolean {
  if (/^type\b/.test(names)) return true;
  const listed = /^\{([^}]*)\}\s*$/.exec(names)?.[1].split(',') ?? [''];
  return (
    listed.every((name) => name.trim() === '' || /^type\s/.test(name.trim())) && listed.some((n) => n.trim() !== '')
  );
}

/** The file that is imported, without its ending. */
function targetOf({ file, target }: Import): string {
  return normalize(join(dirname(file), target)).replace(/\.js$/, '');
}

/** The innermost room of a file in passes/ or codegen/. */
function innerRoomOf(file: string): string | undefined {
  const parts = file.split('/').slice(0, -1);
  for (let n = parts.length; n > 0; n--) {
    const room = parts.slice(0, n).join('/');
    if (room in inner) return room;
  }
  return undefined;
}

function within(room: string, ...names: readonly string[]): string[] {
  return names.map((name) => `${room}/${name}`);
}

/** Groups of files each of which leads to all others of its group. */
function circlesOf(all: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const i of all) {
    const from = i.file.replace(/\.ts$/, '');
    next.set(from, [...(next.get(from) ?? []), targetOf(i)]);
  }
  const reached = new Map([...next.keys()].map((file) => [file, reachedFrom(file, next)]));
  const leads = (from: string, to: string): boolean => reached.get(from)?.has(to) ?? false;
  const groups = new Map<string, string[]>();
  for (const file of next.keys()) {
    if (!leads(file, file)) continue;
    const group = [...next.keys()].filter((other) => leads(file, other) && leads(other, file));
    groups.set(group.join(' '), group);
  }
  return [...groups.values()];
}

function reachedFrom(file: string, next: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set<string>();
  const open = [...(next.get(file) ?? [])];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    open.push(...(next.get(at) ?? []));
  }
  return found;
}

function roomOf(file: string): string {
  return file.split('/')[0].replace(/\.(js|ts)$/, '');
}

function packageOf(target: string): string {
  if (target.startsWith('node:')) return 'node:';
  return target.split('/', target.startsWith('@') ? 2 : 1).join('/');
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
