// A derivation as data: what every printer of `nnc grad` reads.
import type { Formula, Title } from '../../ir/formula/tree.js';
import type { Node } from '../../ir/graph.js';
import type { SourceLine } from '../../ir/source.js';
import type { Dim, TensorType } from '../../ir/types.js';

/** One line of a derivation: what is defined, and by which formula. */
export interface Step {
  /** In the language, and like no other of the derivation: `h`, `d_h`, `delta_h`. */
  readonly name: string;
  readonly title: Title;
  /** What stands left of the equals sign: the name, with letters for its axes where the formula has such. */
  readonly left: Formula;
  /** How many of the left side's places are such letters, which the language does not write. */
  readonly letters?: number;
  readonly formula: Formula;
  readonly type: TensorType;
  /** The line of the model first that says it. */
  readonly lines: readonly SourceLine[];
  /** The bindings and instances that lead there: `h.dense`; '' in the model's own body. */
  readonly layer: string;
  /** Absent of a loop, which is many nodes. */
  readonly node?: Node;
  /** In a loop: what the node is at all positions of the loops around it. */
  readonly rows?: Node;
  /** What a round replaces for the next one, rather than defines. */
  readonly becomes?: true;
  /** What is drawn at random, rather than computed. */
  readonly drawn?: true;
  readonly loop?: LoopStep;
}

/** A scan: the formula of its step names what it goes over. */
export interface LoopStep {
  /** How many rounds there are. */
  readonly length: Dim;
  /** The letter of the position: `t`. */
  readonly letter: string;
  /** From the last position to the first. */
  readonly backwards: boolean;
  /** What a round takes of what lies outside: `x_t = x[t]`. */
  readonly over: readonly Binding[];
  /** What carried values start from. */
  readonly starts: readonly Binding[];
  readonly body: readonly Step[];
}

export interface Binding {
  readonly name: string;
  readonly left: Formula;
  readonly formula: Formula;
}

/** One use of the chain rule. */
export interface ChainRule {
  /** What is done with the value, as its op's record states the rule: `d tanh(u) = (1 - tanh(u)²) du`. */
  readonly rule: string;
  /** The cotangent of what is made of the value. */
  readonly upstream: Formula;
  /** What it is multiplied with; absent where it is moved, repeated or added up. */
  readonly local?: Formula;
  /** What flows to the value this way, before anything is rewritten. */
  readonly part: Formula;
}

export interface CotangentStep extends Step {
  /** The name of the value that it is the derivative by. */
  readonly value: string;
  /** One for each use of the value; their parts are added up. */
  readonly uses: readonly ChainRule[];
  /** The equations that led from the chain rule to the formula, as they were used. */
  readonly rewrites: readonly RewriteStep[];
}

export interface RewriteStep {
  readonly equation: string;
  readonly from: Formula;
  readonly to: Formula;
}

/** What an optimizer makes of a parameter, or of its state for it. */
export interface UpdateStep extends Step {
  /** Absent of what is for all of them: a norm that clips. */
  readonly parameter?: string;
}

export interface Derivation {
  readonly model: string;
  /** The file it stands in. */
  readonly file: string;
  /** The name of what is differentiated. */
  readonly of: string;
  readonly order: 1 | 2;
  readonly forward: readonly Step[];
  /** From what is differentiated to what it is differentiated by. */
  readonly backward: readonly (Step | CotangentStep)[];
  /** The gradient by each parameter, or by what else was asked for, in the model's order. */
  readonly parameters: readonly CotangentStep[];
  readonly update: readonly UpdateStep[];
  /** What stands for each parameter where their updates are one form. */
  readonly each: string;
  /** What letters and signs mean that no line defines. */
  readonly legend: readonly LegendEntry[];
}

export interface LegendEntry {
  readonly sign: string;
  readonly meaning: string;
}

/** What stands between what a step defines and its formula. */
export function relationOf({ becomes, drawn, node }: Step): '=' | '←' | '~' {
  if (drawn) return '~';
  return becomes && node?.role.kind === 'update' ? '←' : '=';
}

/** Does the step state a use of the chain rule? */
export function isCotangent(step: Step | CotangentStep): step is CotangentStep {
  return 'uses' in step;
}
