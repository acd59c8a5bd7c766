// The compiler: walks the list of passes from a source to a program for each target, and prints the module.
import {
  asItComes,
  emitFallback,
  emitModule,
  lineOrigins,
  sourceMap,
  sourceMapLine,
  toJavaScript,
  withoutTypes,
  type Emitted,
  type Writer,
} from './codegen/emit.js';
import type { Diagnostic, Source } from './diagnostics/diagnostic.js';
import { requireOptions } from './diagnostics/misuse.js';
import { notMixed } from './diagnostics/training.js';
import type { ModelGraph, ModelPart } from './ir/model.js';
import type { AnyNest, EntryName, Provenance, TargetTraits, TrainerProgram } from './ir/program.js';
import { passesFrom } from './passes.js';
import type { Gradients } from './passes/derive/derive.js';
import type { Nests } from './passes/entries.js';
import { isAt, walk, type Context, type Form, type Forms, type Pass, type Stage } from './passes/pipeline.js';
import { modules, targets, type ModuleTarget, type Target } from './targets.js';

export { targets } from './targets.js';
export type { ModuleTarget, Target } from './targets.js';

export interface CheckOptions {
  /** Reads an imported file by its path; undefined where there is none. Without it imports are an error. */
  readonly read?: (path: string) => string | undefined;
  /** Which model, where the file holds several. */
  readonly model?: string;
  /** Overrides of model parameters. */
  readonly set?: Readonly<Record<string, number | boolean | string>>;
  /** GiB that a model may take for one example: beyond, it is refused rather than compiled. Default: 16. */
  readonly memoryLimit?: number;
  /** What a file is called in the module, for whose folder paths are to hold. Default: its name without folders. */
  readonly fileName?: (file: string) => string;
}

export interface CompileOptions extends CheckOptions {
  /** Default: ts. `wgsl,wasm`: the GPU where there is one, else WebAssembly, by the same API as the GPU's. */
  readonly target?: ModuleTarget;
  /** wasm: fused multiply-add where the engine has it; its last bits differ between machines. */
  readonly relaxed?: boolean;
  /** wasm: code for an engine that joins neighbouring vectors, as V8 does under --experimental-wasm-revectorize. It is slower on others. */
  readonly wide?: boolean;
  /** wasm: the trainer takes the option `threads`. Its code is somewhat larger. Default: true, for the target wasm alone. */
  readonly threads?: boolean;
  /** Gives the trainer `kernels`: functions that run the kernels of this entry one by one. For measurements. */
  readonly profile?: EntryName;
  /** `js` also gives declarations. Default: ts. */
  readonly language?: 'ts' | 'js';
  /** The name of the module's file, for a source map beside it; language js only. */
  readonly sourceMap?: string;
  /** All is f32, whatever the model says of precision. */
  readonly full?: boolean;
  /** Names of optional passes to leave out. */
  readonly without?: readonly string[];
  /** Checks what every pass has made: a fault is thrown, as a bug of ours. */
  readonly verify?: boolean;
  /** Sees what each pass has made: its name, and the form as text where that is asked for. For one target after another. */
  readonly watch?: (made: Made) => void;
}

/** What a pass has made. */
export interface Made {
  readonly pass: Pick<Pass, 'name' | 'to'>;
  /** Absent while all targets have the form in common. */
  readonly target?: Target;
  print(): string;
}

export interface Checked {
  /** Errors and warnings. */
  readonly diagnostics: readonly Diagnostic[];
  /** Absent where there are errors. */
  readonly model?: ModelGraph;
}

export interface Compiled extends Checked {
  /** The trainer module; absent where there are errors. */
  readonly code?: string;
  /** The text of the .d.ts file; language js only. */
  readonly declarations?: string;
  /** The text of the source map, where one was asked for: of the file with `.map` behind the module's name. */
  readonly map?: string;
  /** What the module was printed from: kernels, entries and memory; for `wgsl,wasm` the GPU's. */
  readonly program?: TrainerProgram;
}

/** Parses and elaborates: every diagnostic, and the model's graphs where there is no error. */
export function check(source: Source, options: CheckOptions = {}): Checked {
  const context = contextOf(options);
  const graphs = arrive({ stage: 'source', is: source }, 'parse', 'elaborate', 'graph', context);
  const { diagnostics } = context;
  return graphs ? { diagnostics, model: graphs.written } : { diagnostics };
}

/** The same, and where there are errors as much of the model as has a meaning all the same. */
export function checkInPart(source: Source, options: CheckOptions = {}): Checked & { readonly part?: ModelPart } {
  let part: ModelPart | undefined;
  const context: Context = { ...contextOf(options), part: (found) => (part = found) };
  const graphs = arrive({ stage: 'source', is: source }, 'parse', 'elaborate', 'graph', context);
  const { diagnostics } = context;
  return graphs ? { diagnostics, model: graphs.written } : { diagnostics, ...(part && { part }) };
}

/** Differentiates a checked model and puts its optimizers together with the gradients, as a target has them. */
export function differentiateModel(model: ModelGraph, target: Target = 'ts'): Gradients {
  return insistOn(gradientsOf(model, contextOf({}, target)));
}

/** The program of a model for one target: kernels, entries and memory. `relaxed`: as in the options of `compile`. */
export function programOf(
  model: ModelGraph,
  target: Target,
  relaxed = false,
  without: readonly string[] = [],
): TrainerProgram {
  const context = contextOf({ target, relaxed, threads: false, without, memoryLimit: Infinity }, target);
  return insistOn(programFor(insistOn(gradientsOf(model, context)), context));
}

/** A program, and the nest that each kernel was written from, by what it says of where it comes from. */
export interface ProgramWithNests {
  readonly program: TrainerProgram;
  readonly nests: ReadonlyMap<Provenance, AnyNest>;
}

/** The program of derived graphs for a target, for who wants to know what its kernels compute. */
export function programWithNests(derived: Gradients, target: Target): ProgramWithNests {
  const nests = new Map<Provenance, AnyNest>();
  const watch: Context['watch'] = (_, form) => notePlanned(form, nests);
  const context = { ...contextOf({ memoryLimit: Infinity, threads: false }, target), watch };
  return { program: insistOn(programFor(derived, context)), nests };
}

/** Notes the nests of plans by what they say of themselves: kernels are asked for theirs by that. */
function notePlanned(form: Form, into: Map<Provenance, AnyNest>): void {
  if (isAt(form, 'plans')) for (const { nest } of form.is.units) into.set(nest.nest.provenance, nest.nest);
}

/** The program of derived graphs for a target of any traits. */
export function programFrom(derived: Gradients, traits: TargetTraits, without: readonly string[] = []): TrainerProgram {
  return insistOn(programFor(derived, { ...contextOf({ memoryLimit: Infinity, without }), target: traits }));
}

/** A compilation by its stages: what the gradients are, the nests as they are fused, and what comes of them, one run after another. */
export interface Followed {
  readonly derived: Gradients;
  readonly nests: Nests;
  /** The nest of each kernel. */
  readonly planned: ReadonlyMap<Provenance, AnyNest>;
  readonly program: TrainerProgram;
}

/** The stages of a checked model's compilation for one target. */
export function follow(model: ModelGraph, target: Target): Followed {
  let nests: Nests | undefined;
  const planned = new Map<Provenance, AnyNest>();
  const context = contextOf({ target, threads: false, memoryLimit: Infinity }, target);
  const fused = passesFrom('store', 'totals').map(({ name }) => name);
  const derived = insistOn(gradientsOf(model, context));
  const watch: Context['watch'] = ({ name }, form) => {
    if (fused.includes(name) && isAt(form, 'nests')) nests = form.is;
    notePlanned(form, planned);
  };
  const program = insistOn(programFor(derived, { ...context, watch }));
  return { derived, nests: insistOn(nests), planned, program };
}

/** What a module is printed from. */
export interface Programs {
  readonly diagnostics: readonly Diagnostic[];
  readonly model?: ModelGraph;
  /** One for each target of the module; none where there are errors. */
  readonly programs: readonly TargetProgram[];
}

export interface TargetProgram {
  readonly target: Target;
  readonly program: TrainerProgram;
  /** The same for engines that multiply and add in one instruction. */
  readonly relaxed?: TrainerProgram;
}

/** Runs every pass, and prints no module. */
export function makePrograms(source: Source, options: CompileOptions = {}): Programs {
  const { target = 'ts', relaxed } = options;
  const of: readonly [Target, ...Target[]] = modules[target];
  const context = contextOf(options, of[0]);
  const { diagnostics } = context;
  const graphs = arrive({ stage: 'source', is: source }, 'parse', 'elaborate', 'graph', context);
  const model = graphs && (options.full ? inFull(graphs.written) : graphs.written);
  const { mixed } = model?.train ?? {};
  const lacking = mixed && of.find((one) => !targets[one].halves);
  if (mixed && lacking) {
    diagnostics.push(notMixed({ target: lacking, span: mixed }));
    return { diagnostics, programs: [] };
  }
  const derived = model && gradientsOf(model, context);
  if (!model || !derived) return { diagnostics, programs: [] };
  const programs: TargetProgram[] = [];
  for (const one of of) {
    const own = { ...contextOf(options, one, one), diagnostics };
    const whole = programFor(derived, own);
    if (!whole) return { diagnostics, programs: [] };
    const program = paced(whole, { ...own, target: traitsOf(one, { ...options, relaxed: false }) });
    const other = relaxed && one === 'wasm' && { relaxed: paced(whole, { ...own, watch: undefined }) };
    programs.push({ target: one, program, ...other });
  }
  return { diagnostics, model, programs };
}

/** Compiles a source to a trainer module. The result has no code where `diagnostics` hold an error. */
export async function compile(source: Source, options: CompileOptions = {}): Promise<Compiled> {
  requireOptions('compile', { target: options.target }, { target: Object.keys(modules) });
  const { diagnostics, model, programs } = makePrograms(source, options);
  if (programs.length === 0) return { diagnostics };
  const checked = { diagnostics, model, program: programs[0].program };
  const { code, kernels } = await printed(programs, options);
  if (options.language !== 'js') return { ...checked, code };
  const { js, dts } = await toJavaScript(code);
  const made = { ...checked, code: js, declarations: dts };
  const { sourceMap: file } = options;
  if (file === undefined || !model) return made;
  const map = sourceMap(js, lineOrigins(js, kernels), file, model.sources);
  return { ...made, code: `${js}${sourceMapLine(`${file}.map`)}`, map };
}

/** Compiles to JavaScript for who runs a module and does not read it: the text is as it comes, for laying it out takes longer than compiling. */
export async function compileToRun(source: Source, options: CompileOptions = {}): Promise<Compiled> {
  const { diagnostics, model, programs } = makePrograms(source, options);
  if (programs.length === 0) return { diagnostics };
  const { code } = await printed(programs, options, asItComes);
  return { diagnostics, model, program: programs[0].program, code: await withoutTypes(code) };
}

/** The module of a program, or of two with one API. */
function printed(
  [{ target, program, relaxed }, other]: readonly TargetProgram[],
  { profile }: CompileOptions,
  writer?: Writer,
): Promise<Emitted> {
  return other ? emitFallback(program, other, writer) : emitModule(program, { target, relaxed, profile, writer });
}

/** The model without halves. */
function inFull({ train: { mixed: _, ...train }, ...model }: ModelGraph): ModelGraph {
  return { ...model, train };
}

function gradientsOf(model: ModelGraph, context: Context): Gradients | undefined {
  const graphs = { written: model, model };
  return arrive({ stage: 'graph', is: graphs }, 'simplify-model', 'tables', 'gradient', context);
}

function programFor(derived: Gradients, context: Context): TrainerProgram | undefined {
  return arrive({ stage: 'gradient', is: derived }, 'block-attention', 'limit', 'program', context);
}

/** The program as an engine likes it, which is another one where that multiplies and adds in one instruction. */
function paced(program: TrainerProgram, context: Context): TrainerProgram {
  return insistOn(arrive({ stage: 'program', is: program }, 'pace', 'pace', 'program', context));
}

/** What the passes from one to another make of a form. */
function arrive<S extends Stage>(
  start: Form,
  first: string,
  last: string,
  stage: S,
  context: Context,
): Forms[S] | undefined {
  const end = walk(start, passesFrom(first, last), context);
  if (!end) return undefined;
  if (!isAt(end, stage)) throw new Error(`the passes from ${first} to ${last} end in a ${end.stage}, not a ${stage}`);
  return end.is;
}

/** `shown`: the target that is named to who watches. */
function contextOf(options: CompileOptions, one: Target = 'ts', shown?: Target): Context {
  const { read = () => undefined, memoryLimit = 16, target = 'ts', profile, without = [], watch } = options;
  const { threads = target === 'wasm' && !profile } = options;
  return {
    read,
    model: options.model,
    set: options.set,
    memoryLimit: memoryLimit * 2 ** 30,
    fileName: options.fileName,
    target: traitsOf(one, options),
    threads: threads && one === 'wasm',
    without: new Set(without),
    verify: options.verify,
    diagnostics: [],
    watch: watch && ((pass, form) => watch({ pass, target: shown, print: () => pass.print(form) })),
  };
}

function traitsOf(target: Target, { relaxed, wide }: Pick<CompileOptions, 'relaxed' | 'wide'>): TargetTraits {
  const traits = targets[target];
  if (target !== 'wasm') return traits;
  return { ...traits, ...(relaxed && { fma: true }), ...(wide && { wide: true }) };
}

/** Passes say why they end without a result; a checked model has none. */
function insistOn<T>(made: T | undefined): T {
  if (made === undefined) throw new Error('a checked model does not compile');
  return made;
}
