// `nnc types`: declarations for the .nn files that programs import, so that TypeScript knows what is in them.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Option, type Command } from 'commander';
import { reasonOf } from '../data/files.js';
import { Fault } from '../diagnostics/diagnostic.js';
import { fileUnreadable, importsMissing } from '../diagnostics/files.js';
import { visible } from '../diagnostics/quote.js';
import { isBundlersOwn } from '../modules/options.js';
import { modules, type ModuleTarget } from '../targets.js';
import { attempt, writeFiles, type OutputFile } from './files.js';
import { standardError, standardOutput } from './output.js';

interface Options {
  readonly target?: ModuleTarget;
  readonly check?: boolean;
}

/** A .nn file as programs import it. */
interface Imported {
  readonly path: string;
  /** The folder of the program. */
  readonly folder: string;
  /** As it is written: `./models/mnist.nn`. */
  readonly written: string;
  /** With its `?`; empty where there is none. */
  readonly query: string;
}

export function addTypes(program: Command): void {
  const target = new Option('--target <target>', 'what imports that name no target are compiled for (default: ts)');
  program
    .command('types')
    .description('write declarations beside the .nn files that programs import')
    .argument('[path...]', 'folders of programs, or .nn files (default: the folder here)')
    .addOption(target.choices(Object.keys(modules)))
    .option('--check', 'write nothing; exit with 1 where a file would change')
    .action(run);
}

async function run(paths: readonly string[], { target, check }: Options): Promise<void> {
  const roots = paths.length === 0 ? ['.'] : paths;
  const found = roots.flatMap(filesUnder);
  const imports = found.flatMap(importsIn).filter(({ query }) => !isBundlersOwn(query));
  const queried = byPlace(imports.filter(({ query }) => query !== ''));
  const isOther = (path: string): boolean => ![...queried.keys()].some((place) => resolve(place) === resolve(path));
  const gone = found.filter((path) => basename(path) === queriedName && isOurs(path) && isOther(path));
  if (imports.length + gone.length === 0) throw new Fault(importsMissing({ path: roots.join(', ') }));
  const plain = imports.filter(({ query }) => query === '');
  const files: OutputFile[] = [];
  for (const path of new Set(plain.map((imported) => imported.path))) {
    const text = await declarationsOf(path, '', target);
    if (text !== undefined) files.push({ path: placeOf(path), content: header(basename(path)) + text });
  }
  for (const [path, group] of queried) {
    const text = await queriedDeclarations(group, target);
    const content = `${header('.nn files that are imported with options')}${text}`;
    if (text !== '') files.push({ path, content });
  }
  const changed = files.filter(({ path, content }) => contentOf(path) !== content);
  if (check !== true) {
    writeFiles(changed);
    for (const path of gone) attempt(path, () => rmSync(path));
  } else if (changed.length + gone.length > 0) process.exitCode = 1;
  for (const { path } of changed) standardOutput.write(`${visible(path)}\n`);
  const why = queried.size === 0 ? 'nothing is imported with options' : 'it stands elsewhere now';
  for (const path of gone) standardOutput.write(`${visible(path)} (removed: ${why})\n`);
}

/** Imports that a program has; a .nn file stands for itself. */
function importsIn(file: string): Imported[] {
  const folder = dirname(file);
  if (file.endsWith('.nn')) return [{ path: file, folder, written: `./${basename(file)}`, query: '' }];
  if (!program.test(file)) return [];
  const found = withoutComments(readable(file, () => readFileSync(file, 'utf8'))).matchAll(
    /\b(?:from|import)\s*\(?\s*(['"])(\.{1,2}\/[^'"?\n]*\.nn)(\?[^'"\n]*)?\1/g,
  );
  return [...found].map(([, , written, query = '']) => ({ path: join(folder, written), folder, written, query }));
}

/** A program whose comments are spaces; what looks like one in a string stays. What is never closed goes on to the end, in one go. */
function withoutComments(text: string): string {
  const stringOrComment =
    /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[^]|[^`\\])*(?:`|$)|\/\/.*|\/\*[^]*?(?:\*\/|$)|<!--[^]*?(?:-->|$)/g;
  return text.replace(stringOrComment, (part) => (/^[/<]/.test(part) ? ' ' : part));
}

const program = /(?<!\.d)\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/;
/** What others have written, or tools. */
const passedOver = new Set(['node_modules', 'dist', 'build', 'coverage']);

/** Programs below a folder, and what an earlier run may have written; a .nn file is all there is of it. */
function filesUnder(root: string): string[] {
  return root.endsWith('.nn') ? [root] : filesIn(root);
}

function filesIn(folder: string): string[] {
  return readable(folder, () => readdirSync(folder, { withFileTypes: true })).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith('.') || passedOver.has(entry.name) ? [] : filesIn(path);
    return entry.isFile() && (program.test(entry.name) || entry.name === queriedName) ? [path] : [];
  });
}

function readable<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Fault(fileUnreadable({ file, reason: reasonOf(error) }));
  }
}

/** Where TypeScript looks for what `./mnist.nn` exports: in `./mnist.d.nn.ts`. */
function placeOf(path: string): string {
  return path.replace(/\.nn$/, '.d.nn.ts');
}

const queriedName = 'nn-imports.d.ts';

/**
 * Imports with options by the file that declares them, one for each project: below the folder that all of its programs have in common, which
 * its tsconfig.json takes in wherever it takes in the programs.
 */
function byPlace(imports: readonly Imported[]): ReadonlyMap<string, readonly Imported[]> {
  const projects = new Map<string, Imported[]>();
  for (const imported of imports) {
    const project = projectOf(resolve(imported.folder));
    projects.set(project, [...(projects.get(project) ?? []), imported]);
  }
  return new Map([...projects.values()].map((group) => [join(commonFolder(group), queriedName), group]));
}

function projectOf(folder: string): string {
  const begins = ['tsconfig.json', 'package.json'].some((name) => existsSync(join(folder, name)));
  return begins || dirname(folder) === folder ? folder : projectOf(dirname(folder));
}

function commonFolder(imports: readonly Imported[]): string {
  const [first, ...others] = imports.map(({ folder }) => resolve(folder).split(sep));
  const differs = first.findIndex((name, i) => others.some((other) => other[i] !== name));
  const common = first.slice(0, differs < 0 ? first.length : differs).join(sep) || sep;
  return isAbsolute(imports[0].folder) ? common : relative('', common);
}

/** Is it what an earlier run has written? */
function isOurs(path: string): boolean {
  return contentOf(path)?.startsWith(signature) === true;
}

/** Imports with options are no paths to TypeScript: they are told by what they look like. */
async function queriedDeclarations(imports: readonly Imported[], target: ModuleTarget | undefined): Promise<string> {
  const byPattern = new Map<string, Imported>();
  for (const imported of imports) {
    if (imported.query === '') continue;
    const pattern = `*/${imported.written.replace(/^(?:\.{1,2}\/)+/, '')}${imported.query}`;
    const known = byPattern.get(pattern);
    if (known === undefined) byPattern.set(pattern, imported);
    else if (resolve(known.path) !== resolve(imported.path))
      standardError.write(
        `${visible(imported.path)} and ${visible(known.path)} are both imported as ${visible(pattern)}: TypeScript can know one of them, the second\n`,
      );
  }
  const texts: string[] = [];
  for (const [pattern, { path, query }] of byPattern) {
    const text = await declarationsOf(path, query, target);
    // What is declared in a declaration is not declared once more.
    const body = text
      ?.replace(/^export declare /gm, 'export ')
      .replace(/^declare /gm, '')
      .replace(/^(?=.)/gm, '  ');
    if (body !== undefined) texts.push(`declare module ${JSON.stringify(pattern)} {\n${body}}\n`);
  }
  return texts.join('\n');
}

/** The declarations of a file's module; undefined where it has errors, which are told. */
async function declarationsOf(
  path: string,
  query: string,
  target: ModuleTarget | undefined,
): Promise<string | undefined> {
  const { buildModule } = await import('../modules/build.js');
  const { errors, warnings, declarations } = await buildModule(path, query, { target });
  for (const { text } of [...warnings, ...errors]) standardError.write(`${text}\n\n`);
  if (errors.length > 0) process.exitCode = 1;
  return declarations;
}

const signature = '// Written by `nnc types`: ';

function header(what: string): string {
  return `${signature}what ${what} export${what.endsWith('.nn') ? 's' : ''}.\n`;
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
