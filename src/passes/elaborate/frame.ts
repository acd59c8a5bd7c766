// Where an expression is elaborated: the names it sees, the path its parameters get, and what is collected on the way.
import { Fault, type Diagnostic, type Span } from '../../diagnostics/diagnostic.js';
import { tooMuch } from '../../diagnostics/elaboration.js';
import type { Builder, Node, Origin } from '../../ir/graph.js';
import type { Adapter, ModelParameter, ModelState, Plateau, Requirement } from '../../ir/model.js';
import type { Identifier } from '../../parser/tree.js';
import type { DrawSites } from './draws.js';
import type { OpenLoop } from './loops.js';
import type { MadeGradient, Manner, Scope, Value, Variable } from './values.js';

/** Hands out the paths of instances that are applied in one binding: dense, then dense_2. */
export class Naming {
  private readonly counts = new Map<string, number>();
  private readonly calls = new Map<string, number>();
  constructor(readonly prefix: string) {}

  /** Forgets what is handed out from here on. */
  mark(): () => void {
    const before = [new Map(this.counts), new Map(this.calls)] as const;
    return () => {
      [this.counts, this.calls].forEach((counts, i) => {
        counts.clear();
        for (const [name, count] of before[i]) counts.set(name, count);
      });
    };
  }

  path(name: string): string {
    return numbered(this.prefix, name, this.counts);
  }

  /** The same for what functions give; they own nothing, and do not count among layers. */
  placeOf(name: string): string {
    return numbered(this.prefix, name, this.calls);
  }

  /** The names given inside a binding. */
  inside(name: string): Naming {
    return new Naming(joinPath(this.prefix, name));
  }
}

function numbered(prefix: string, name: string, counts: Map<string, number>): string {
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return joinPath(prefix, count === 1 ? name : `${name}_${count}`);
}

export function joinPath(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}

/**
 * Training, evaluation, or a look at the data before the first step; and whether anything has asked for training, for what did not is
 * the same without.
 */
export class ElaborationMode {
  private asked = false;

  constructor(readonly name: 'training' | 'evaluation' | 'observation') {}

  isTraining(): boolean {
    this.asked = true;
    return this.name === 'training';
  }

  get wasAsked(): boolean {
    return this.asked;
  }
}

export type Observer = (span: Span, value: Value) => void;

/** What one elaboration of a model, in one mode, collects. */
export interface Context {
  readonly g: Builder;
  readonly mode: ElaborationMode;
  readonly parameters: Map<string, ModelParameter & { readonly node: Node; readonly declared: Span }>;
  readonly states: Map<string, ModelState & Variable>;
  /** The states that are observed, by their names: where, and what is said of that with the calls that led there. */
  readonly observed: Map<string, { readonly span: Span; said(diagnostic: Diagnostic): Diagnostic }>;
  /** What stands in the place of weights, by their names and by what it is made of. */
  readonly weights: Map<string, Node>;
  /** What stands beside the blocks around each application of a parameter. */
  readonly applications: Map<string, (readonly Manner[])[]>;
  /** By the names of their second factors. */
  readonly adapters: Map<string, Adapter>;
  /** Scans whose bodies are being elaborated, innermost last. */
  readonly loops: OpenLoop[];
  /** What run-time sizes must satisfy, by what is said and the condition. */
  readonly requirements: Map<string, Requirement>;
  readonly report: (diagnostic: Diagnostic) => void;
  /** Sees what stands for what: an expression, or a name where it is defined. Of what is elaborated again it is told again. */
  readonly note?: Observer | undefined;
  readonly lineOf: (span: Span) => number;
  /** What a file is called where lines of it are named. */
  readonly fileName: (file: string) => string;
  /** Names of files that are the library's: their lines are not the user's. */
  readonly isLibrary: (file: string) => boolean;
  /** In bytes: a tensor that lives across steps is not larger. */
  readonly memoryLimit: number;
  /** Declared derivatives so far, of every kind of arguments. */
  readonly made: MadeGradient[];
  /** Those that are being made, inside one another. */
  gradientDepth: number;
  /** Each draw has a number of its own, by where it stands. */
  readonly draws: DrawSites;
  /** What on_plateau says, where the train block has it. */
  plateau?: Plateau & { readonly span: Span };
  /** Run-time sizes so far. */
  sizes: number;
  /** Expressions that are being evaluated, inside one another. */
  depth: number;
  /** Calls and copies made so far. */
  steps: number;
  /** Calls under way, innermost last. */
  readonly calls: {
    readonly name: string;
    /** Where the parameters of a layer stand; of a function, where it is called. */
    readonly path: string;
    readonly span: Span;
    /** Where what it is given stands. */
    readonly arguments: readonly Span[];
    readonly definition: { readonly kind: string; readonly name: Identifier };
    /** Where its configuration is given, and the names of what is given there. */
    readonly configured?: { readonly span: Span; readonly names: readonly string[] };
  }[];
}

/** The application of a wrapped block, with the names of the parameters that it came to so far. */
export interface Wrapping {
  readonly manner: Manner;
  /** Applied is what stands beside the block. */
  readonly beside?: true;
  readonly parameters: Set<string>;
  readonly outer?: Wrapping | undefined;
}

export interface Frame {
  readonly context: Context;
  readonly scope: Scope;
  readonly naming: Naming;
  readonly origin?: Origin;
  /** The name whose value is being found. */
  readonly binding?: string;
  /** Inside a function of the library: what is made on the way is called by what it is, not by where it stands. */
  readonly inFunction?: true;
  /** Inside of a wrapped block, such as frozen(block). */
  readonly wrapping?: Wrapping;
  /** In the train block, where what a run knows of itself may be asked for. */
  readonly inTrain?: true;
}

/** Evaluates, and says of a tensor made on the way where it stands. The outermost says it last. */
export function placed(frame: Frame, path: string, evaluate: () => Value): Value {
  const { g } = frame.context;
  const first = g.size;
  const value = evaluate();
  if (!frame.inFunction && value.kind === 'tensor' && value.node.id >= first && value.node.inputs.length > 0)
    value.node.place = path;
  return value;
}

/** Leaves a construct whose meaning depends on what was reported already: nothing is said of it. */
export class Follows extends Error {}

/** Leaves a construct with a diagnostic, with the calls that led there. */
export function fail(frame: Frame, diagnostic: Diagnostic): never {
  throw new Fault(traced(frame, diagnostic));
}

/** More calls and copies than this would take minutes. */
export const mostSteps = 50_000;

/** The same of nodes: derivatives of derivatives make many in one call. */
const mostNodes = 60_000;

/** Counts what is made, so that no program keeps the compiler busy for ever. */
export function spend(frame: Frame, steps: number, span: Span): void {
  const { context } = frame;
  const before = context.steps;
  context.steps += steps;
  if (before > mostSteps) throw new Follows();
  if (context.g.size > mostNodes) context.steps = mostSteps + 1;
  if (context.steps > mostSteps) fail(frame, tooMuch({ span }));
}

/** The diagnostic with the calls that led to where it was found, innermost first. */
export function traced(frame: Frame, diagnostic: Diagnostic): Diagnostic {
  if (frame.context.calls.length === 0 || diagnostic.trace) return diagnostic;
  const calls = [...frame.context.calls].reverse();
  // A fault at an argument of the innermost call shows that call already.
  const at = diagnostic.labels.at(0)?.span;
  const shown = at && [calls[0].span, ...calls[0].arguments].some((span) => within(at, span));
  const trace = calls.slice(shown ? 1 : 0).map((c) => ({ callee: c.name, span: c.span }));
  return usersFirst(frame, diagnostic, trace);
}

/** A fault within the library stands at the user's call that led there; the library's line is the second place. */
function usersFirst(frame: Frame, diagnostic: Diagnostic, trace: NonNullable<Diagnostic['trace']>): Diagnostic {
  const { isLibrary } = frame.context;
  const own = trace.find(({ span }) => !isLibrary(span.file));
  if (!own || !diagnostic.labels[0] || !isLibrary(diagnostic.labels[0].span.file)) return { ...diagnostic, trace };
  const first = { span: own.span, text: `in this call of ${own.callee}` };
  return { ...diagnostic, labels: [first, ...diagnostic.labels], trace: around(own.span, trace) };
}

/** The calls that do not hold a place, which is shown by itself. */
export function around<Call extends { readonly span: Span }>(place: Span, calls: readonly Call[]): Call[] {
  return calls.filter(({ span }) => !within(place, span));
}

function within(a: Span, b: Span): boolean {
  return a.file === b.file && a.start >= b.start && a.end <= b.end;
}

/** The frame in which a statement's value is elaborated: nodes made there come from its line, unless it is a library's. */
export function atStatement(frame: Frame, span: Span): Frame {
  const { context } = frame;
  if (context.isLibrary(span.file)) return frame;
  return {
    ...frame,
    origin: {
      file: context.fileName(span.file),
      line: context.lineOf(span),
      calls: [],
      sites: [],
      path: frame.naming.prefix,
    },
  };
}
