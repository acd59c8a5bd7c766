// `nnc compile`: writes a model's trainer module, or shows one of the stages on the way to it.
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { Option, type Command } from 'commander';
import { visible } from '../diagnostics/quote.js';
import {
  attempt,
  checkFolderWritable,
  checkWritable,
  makeFolder,
  readImport,
  readSource,
  standardInput,
  writeFiles,
} from './files.js';
import type { Target } from '../index.js';
import { withModelOptions, withTargetOptions, type ModelOptions, type TargetOptions } from './modelOptions.js';
import { standardError, standardOutput } from './output.js';
import { report } from './report.js';
import { printAll, printStage, stages, type Stage } from './stages.js';

interface Options extends ModelOptions, Omit<TargetOptions, 'target'> {
  readonly target?: Target | 'wgsl,wasm';
  readonly output: string;
  readonly emit?: Stage | 'all';
  readonly without?: readonly string[];
  readonly verify?: boolean;
  readonly threads?: boolean;
  readonly wide?: boolean;
}

export function addCompile(program: Command): void {
  withTargetOptions(withModelOptions(program.command('compile')), 'ts', ['wgsl', 'wgsl,wasm'])
    .description('write the trainer module of a model, and tell the memory that it takes')
    .argument('<file>', 'the .nn file; - is standard input')
    .option(
      '-o, --output <out>',
      'the module: .ts or .mts, or .js or .mjs with declarations beside it; - is standard output',
      '-',
    )
    .option('--threads', 'wasm: a trainer that takes the option threads (the default)')
    .option('--no-threads', 'wasm: a smaller one that computes with one thread')
    .option('--wide', 'wasm: for node --experimental-wasm-revectorize, with vectors of 256 bits; slower elsewhere')
    .addOption(
      new Option(
        '--emit <stage>',
        'write a stage of the compilation instead; all: each, and each pass, into the folder -o',
      ).choices([...stages, 'all']),
    )
    .option('--without <pass>', 'leave an optional pass out (again for more); nnc passes lists them', addPass)
    .option('--verify', 'check what every pass has made')
    .action(run);
}

async function run(file: string, options: Options, command: Command): Promise<void> {
  const { output, emit } = options;
  const declarations = declarationsOf(output);
  if (output !== '-' && resolve(output) === resolve(file)) command.error(`error: ${output} is the source itself`);
  await refuseUnknown(options.without ?? [], command);
  if (emit === 'all' && output === '-') command.error('error: --emit all writes files: -o names their folder');
  const trouble = output !== '-' && emit === undefined ? endingTrouble(output) : undefined;
  if (trouble !== undefined) command.error(`error: ${visible(output)} ${trouble}`);

  for (const option of ['threads', 'relaxed', 'wide'] as const)
    if (options[option] && !options.target?.includes('wasm')) command.error(`error: --${option} is for --target wasm`);
  if (emit === 'all') checkFolderWritable(output);
  else checkWritable([output, declarations]);

  const settings = { ...options, read: readImport, fileName: pathsFrom(output === '-' ? '.' : dirname(output)) };
  const source = readSource(file);
  if (emit !== undefined) {
    if (emit === 'all') {
      const { files, diagnostics } = await printAll(source, settings);
      if (report(diagnostics)) process.exitCode = 1;
      else {
        attempt(output, () => makeFolder(output));
        writeFiles(files.map(({ name, text }) => ({ path: join(output, name), content: text })));
      }
      return;
    }
    if (emit === 'wat' && !options.target?.includes('wasm')) command.error('error: --emit wat is for --target wasm');
    const { text, diagnostics } = await printStage(emit, source, settings);
    finish(report(diagnostics), text, output);
    return;
  }
  const { compile } = await import('../index.js');
  const compiled = await compile(source, {
    ...settings,
    ...(declarations === undefined ? { language: 'ts' } : { language: 'js', sourceMap: basename(output) }),
  });
  finish(report(compiled.diagnostics), compiled.code, output, [
    { path: declarations, content: compiled.declarations },
    { path: `${output}.map`, content: compiled.map },
  ]);
  const { program } = compiled;
  if (!program || output === '-') return;
  const { describeMemory, expectedSizes, memoryUse } = await import('../inspect/memory.js');
  const sizes = expectedSizes(program);
  const sizeOf = (name: string): number => sizes.get(name) ?? 1;
  // Of two targets the first is told.
  const target = options.target === 'wgsl,wasm' ? 'wgsl' : (options.target ?? 'ts');
  const { dispatchesOf } = await import('../inspect/dispatches.js');
  const more = target === 'wgsl' ? `, ${dispatchesOf(program, sizeOf)} dispatches a step` : '';
  standardError.write(`${basename(output)}: ${describeMemory(memoryUse(program, target, sizeOf), sizes)}${more}\n`);
}

function addPass(name: string, before: readonly string[] = []): readonly string[] {
  return [...before, name];
}

/** Only what is optional can be left out. */
async function refuseUnknown(names: readonly string[], command: Command): Promise<void> {
  if (names.length === 0) return;
  const { passes } = await import('../passes.js');
  const optional = passes.flatMap((pass) => (pass.optional ? [pass.name] : []));
  for (const name of names) {
    if (optional.includes(name)) continue;
    const why = passes.some((pass) => pass.name === name) ? 'is needed' : 'is no pass';
    command.error(`error: ${visible(name)} ${why}; what can be left out: ${optional.join(', ')}`);
  }
}

/** Paths of files as a module says them: from its folder. */
function pathsFrom(folder: string): (file: string) => string {
  return (file) => (file === standardInput ? file : relative(resolve(folder), resolve(file)).split(sep).join('/'));
}

/** `beside`: files that go with the module, where there is something to write in them. */
function finish(
  failed: boolean,
  code: string | undefined,
  output: string,
  beside: readonly { readonly path?: string; readonly content?: string }[] = [],
): void {
  if (failed || code === undefined) {
    process.exitCode = 1;
    return;
  }
  if (output === '-') {
    standardOutput.write(code);
    return;
  }
  const more = beside.flatMap(({ path, content }) => (path && content !== undefined ? [{ path, content }] : []));
  writeFiles([{ path: output, content: code }, ...more]);
}

/** What is wrong with the name of a module; undefined where nothing is. */
function endingTrouble(output: string): string | undefined {
  if (/\.d\.[cm]?ts$/.test(output))
    return 'would be declarations: they are written beside a module that ends in .js or .mjs';
  if (/\.c[jt]s$/.test(output))
    return 'would be CommonJS, and modules are ES modules: end it in .mjs; `require` of an ES module works from Node 20.20 on';
  return /\.m?[jt]s$/.test(output) ? undefined : 'should end in .ts, .mts, .js or .mjs';
}

/** Where the declarations of a JavaScript module go; undefined for TypeScript. */
function declarationsOf(output: string): string | undefined {
  const extension = /\.(m?)js$/.exec(output);
  return extension ? `${output.slice(0, extension.index)}.d.${extension[1]}ts` : undefined;
}
