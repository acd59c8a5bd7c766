// A derivation as JSON, by the schema that docs/derivation.schema.json publishes.
import { printFormula } from '../../ir/formula/text.js';
import { printDim, printType } from '../../ir/types.js';
import type { Numbers } from '../derivation/numbers.js';
import { isCotangent, type Binding, type Derivation, type LoopStep, type Step } from '../derivation/data.js';

export interface JsonOptions {
  readonly numbers?: Numbers;
  /** Where the numbers stand: `init`, or a checkpoint. */
  readonly at?: string;
}

export function printJson(derivation: Derivation, options: JsonOptions = {}): string {
  const { model, of, order, forward, backward, parameters, update, legend } = derivation;
  const list = (steps: readonly Step[], chain = false): object[] => steps.map((step) => stepJson(step, options, chain));
  const whole = {
    version: 1,
    model,
    of,
    order,
    forward: list(forward),
    backward: list(backward, true),
    parameters: list(parameters, true),
    update: list(update),
    legend,
    ...(options.at !== undefined && { at: options.at }),
  };
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}

/** `chain`: with the chain rule, which a piece that several cotangents share has none of. */
function stepJson(step: Step, options: JsonOptions, chain: boolean): object {
  const { name, left, formula, type, lines, layer, loop, becomes, drawn } = step;
  const values = options.numbers?.valuesOf(step);
  return {
    name,
    left: printFormula(left, 'math'),
    formula: printFormula(formula, 'math'),
    type: printType(type),
    lines,
    layer,
    ...(becomes && { becomes }),
    ...(drawn && { drawn }),
    ...(loop && { loop: loopJson(loop, options, chain) }),
    ...(chain && chainJson(step)),
    ...(values && { values: { shape: values.shape, data: values.data.map((v) => (Number.isFinite(v) ? v : null)) } }),
  };
}

function chainJson(step: Step): object {
  const uses = isCotangent(step) ? step.uses : [];
  return {
    value: isCotangent(step) ? step.value : '',
    rule: uses.map(({ rule }) => rule).join('; '),
    upstream: uses.map(({ upstream }) => printFormula(upstream, 'math')),
    local: uses.map(({ local }) => (local ? printFormula(local, 'math') : null)),
    rewrites: (isCotangent(step) ? step.rewrites : []).map(({ equation, from, to }) => ({
      equation,
      from: printFormula(from, 'math'),
      to: printFormula(to, 'math'),
    })),
  };
}

function loopJson(
  { length, letter, backwards, over, starts, body }: LoopStep,
  options: JsonOptions,
  chain: boolean,
): object {
  const bindings = (list: readonly Binding[]): object[] =>
    list.map(({ name, left, formula }) => ({
      name,
      left: printFormula(left, 'math'),
      formula: printFormula(formula, 'math'),
    }));
  return {
    length: printDim(length),
    letter,
    backwards,
    over: bindings(over),
    starts: bindings(starts),
    body: body.map((step) => stepJson(step, options, chain)),
  };
}
