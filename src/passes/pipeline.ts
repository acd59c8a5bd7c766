// What a pass is, and the walk along a list of passes.
import type { Diagnostic, Source } from '../diagnostics/diagnostic.js';
import type { ModelPart } from '../ir/model.js';
import type { TargetTraits, TrainerProgram } from '../ir/program.js';
import type { File } from '../parser/tree.js';
import type { Gradients, Graphs } from './derive/derive.js';
import type { Nests } from './entries.js';
import type { Kernels, Plans } from './schedule/works.js';
import { verification } from './verification.js';

/** What was written: a source, and every file that it imports. */
export interface Tree {
  readonly entry: File;
  readonly files: ReadonlyMap<string, File>;
}

/** What a compilation has at each stage. */
export interface Forms {
  readonly source: Source;
  readonly tree: Tree;
  readonly graph: Graphs;
  readonly gradient: Gradients;
  readonly nests: Nests;
  readonly plans: Plans;
  readonly kernels: Kernels;
  readonly program: TrainerProgram;
}

export type Stage = keyof Forms;

export interface FormAt<S extends Stage> {
  readonly stage: S;
  readonly is: Forms[S];
}

/** What a compilation has, whatever its stage. */
export type Form = FormAt<Stage>;

export function isAt<S extends Stage>(form: Form, stage: S): form is FormAt<S> {
  return form.stage === stage;
}

/** What passes know beside the form that they change. */
export interface Context {
  readonly target: TargetTraits;
  /** Reads an imported file by its path; undefined where there is none. */
  readonly read: (path: string) => string | undefined;
  readonly model?: string;
  readonly set?: Readonly<Record<string, number | boolean | string>>;
  /** Bytes that a model may take for one example. */
  readonly memoryLimit: number;
  /** What a file is called where lines of it are named; default: without its folders. */
  readonly fileName?: ((file: string) => string) | undefined;
  /** The work of kernels is shared by threads. */
  readonly threads: boolean;
  /** Names of optional passes that are left out. */
  readonly without: ReadonlySet<string>;
  /** Every form is verified, as all are where tests say so. */
  readonly verify?: boolean;
  /** Where passes put what they have to say to the user. */
  readonly diagnostics: Diagnostic[];
  /** Sees what of a model has a meaning, where errors stand in the way of the rest. */
  readonly part?: (part: ModelPart) => void;
  /** Sees the form that each pass has made. */
  readonly watch?: (pass: Pass, form: Form) => void;
}

/** A pass over whatever form its stage has. */
export interface Pass {
  readonly name: string;
  /** What it is good for, in a sentence. */
  readonly why: string;
  readonly from: Stage;
  readonly to: Stage;
  /** It can be left out, and results stay right. */
  readonly optional: boolean;
  /** Where it has something to do. */
  applies(form: Form, context: Context): boolean;
  /** Undefined: an error stands in the way, and is among the diagnostics. */
  run(form: Form, context: Context): Form | undefined;
  /** What it has made, as text. */
  print(form: Form): string;
  /** What is wrong with what it has made, a sentence each. */
  verify(form: Form, context: Context): readonly string[];
  /** It is kept only where the program that is assembled comes to less than without it. */
  readonly measure?: ((program: TrainerProgram) => number) | undefined;
}

/** How a stage's form is shown and checked. */
export interface StageRecord<S extends Stage> {
  /** What it holds, in a few words. */
  readonly what: string;
  print(form: Forms[S]): string;
  verify(form: Forms[S], context: Context): readonly string[];
}

export type Stages = { readonly [S in Stage]: StageRecord<S> };

/** What a pass is written as. */
export interface PassEntry<F extends Stage, T extends Stage> {
  readonly name: string;
  readonly why: string;
  readonly from: F;
  readonly to: T;
  readonly optional?: true;
  readonly when?: (form: Forms[F], context: Context) => boolean;
  readonly run: (form: Forms[F], context: Context) => Forms[T] | undefined;
  readonly measure?: (program: TrainerProgram) => number;
}

/** Makes passes whose forms are shown and checked as their stages say. */
export function passesOver(stages: Stages) {
  return <F extends Stage, T extends Stage>(entry: PassEntry<F, T>): Pass => {
    const { name, why, from, to, optional = false, when, run, measure } = entry;
    const made: StageRecord<T> = stages[to];
    const taken = <S extends Stage>(form: Form, stage: S): Forms[S] => {
      if (!isAt(form, stage)) throw new Error(`${name} takes a ${stage}, not a ${form.stage}`);
      return form.is;
    };
    return {
      name,
      why,
      from,
      to,
      optional,
      ...(measure && { measure }),
      applies: (form, context) => when?.(taken(form, from), context) ?? true,
      run: (form, context) => {
        const is = run(taken(form, from), context);
        return is && { stage: to, is };
      },
      print: (form) => made.print(taken(form, to)),
      verify: (form, context) => made.verify(taken(form, to), context),
    };
  };
}

/** Runs passes one after another, from a form that the first of them takes; undefined where an error stands in the way. */
export function walk(start: Form, passes: readonly Pass[], context: Context): Form | undefined {
  const verified = context.verify ? 'passes' : verification.of;
  let form = start;
  /** The pass whose form is verified once it is known to be the last of its stage. */
  let last: Pass | undefined;
  const verify = (): void => {
    if (last) insist(last, form, context);
    last = undefined;
  };
  for (let at = 0; at < passes.length; at++) {
    const pass = passes[at];
    if (context.without.has(pass.name) || !pass.applies(form, context)) continue;
    if (pass.measure) {
      const found = smaller(form, pass.measure, passes.slice(at), context);
      // What is watched is made again, pass by pass.
      if (found && !context.watch) {
        verify();
        form = found.program;
        at += found.passes - 1;
        continue;
      }
      if (found && !found.pays) continue;
    }
    if (pass.to !== form.stage) verify();
    const made = pass.run(form, context);
    if (!made || context.diagnostics.some(({ severity }) => severity === 'error')) return undefined;
    if (verified !== 'nothing' && made.is !== form.is) last = pass;
    form = made;
    if (verified === 'passes') verify();
    context.watch?.(pass, made);
  }
  verify();
  return form;
}

/** The smaller of the programs that come of the form with the first of these passes and without; undefined where none is made. */
function smaller(
  form: Form,
  measure: (program: TrainerProgram) => number,
  passes: readonly Pass[],
  context: Context,
): { readonly program: FormAt<'program'>; readonly passes: number; readonly pays: boolean } | undefined {
  const end = passes.findIndex(({ to }) => to === 'program');
  const [first, ...others] = passes.slice(0, end + 1);
  const made = (list: readonly Pass[]): FormAt<'program'> | undefined => {
    const found = end < 0 ? undefined : walk(form, list, { ...context, watch: undefined });
    return found && isAt(found, 'program') ? found : undefined;
  };
  const without = made(others);
  const program = made([{ ...first, measure: undefined }, ...others]);
  if (!program || !without) return undefined;
  const pays = measure(program.is) < measure(without.is);
  return { program: pays ? program : without, passes: end + 1, pays };
}

function insist(pass: Pass, form: Form, context: Context): void {
  const faults = pass.verify(form, context);
  if (faults.length > 0)
    throw new Error(`${pass.name} has made a ${pass.to} that is wrong:\n${faults.slice(0, 20).join('\n')}`);
}
