// What is differentiated by what, and the graphs that this gives, with a trace of how.
import type { Title } from '../../ir/formula/tree.js';
import type { Builder, Node } from '../../ir/graph.js';
import { modeRoots, rootsOf, type ModelGraph } from '../../ir/model.js';
import { add, mul } from '../../ir/ops/arithmetic.js';
import { filled } from '../../ir/ops/calls.js';
import { input } from '../../ir/ops/leaves.js';
import { sum } from '../../ir/ops/reductions.js';
import { reachable } from '../../ir/reachable.js';
import { differentiateLoss, simplifyModel, type Gradients } from '../../passes/derive/derive.js';
import { differentiate } from '../../passes/derive/differentiate.js';
import { simplify } from '../../passes/derive/simplify.js';
import { createTrace, type Trace } from '../../passes/derive/trace.js';
import { markActivations } from '../../ir/activations.js';
import { asName } from '../../ir/labels.js';
import type { DerivationOptions } from './derivation.js';
import { fits, sourcesNamed, valuesOf } from './select.js';

/** One thing that the derivation ends in. */
export interface Target {
  /** What it is the derivative by. */
  readonly of: Node;
  /** As the user names that: `h.dense.W`. */
  readonly name: string;
  readonly node: Node;
  readonly title: Title;
}

export interface Derived {
  /** With its graphs in simpler form. */
  readonly model: ModelGraph;
  readonly of: { readonly name: string; readonly node: Node };
  readonly targets: readonly Target[];
  readonly trace: Trace;
  /** Of the total loss by the trained parameters: what updates are made of. */
  readonly gradients?: Gradients;
}

export function derive(written: ModelGraph, options: DerivationOptions): Derived {
  const { model } = simplifyModel({ written, model: written });
  markActivations(modeRoots(model));
  const sources = sourcesNamed(model);
  const of = options.of === undefined ? sources[0] : sources.find(({ name }) => name === options.of);
  if (!of) throw new Error(`nothing is called ${options.of ?? 'loss'}`);
  const trace = createTrace();
  const isPlain = options.of === undefined && options.wrt === undefined;
  const gradients = of.isLoss ? differentiateLoss({ written, model }, isPlain ? trace : undefined) : undefined;
  const { wrt: patterns } = options;
  const isWanted = (name: string): boolean =>
    patterns
      ? patterns.some((pattern) => fits(name, pattern))
      : (gradients?.gradients.has(name) ?? isTrained(model, name));
  const wanted = valuesOf(model, of).filter(({ name }) => isWanted(name));
  const g = model.builder;
  const by = of.isLoss ? undefined : of.node;
  const wrt = wanted.map(({ node }) => node);
  const raw =
    isPlain && gradients
      ? wanted.map(({ name }) => gradients.gradients.get(name))
      : differentiate(of.node, wrt, g, { trace, ...(by && { by }) });
  const first = wanted.flatMap((value, i) => {
    const node = raw[i] ?? filled(g, 0, value.node.type);
    return [{ ...value, raw: node }];
  });
  const values = reachable([...modeRoots(model), ...rootsOf(model.training)]);
  const before: readonly First[] = options.order === 2 ? secondOrder(first, g, trace) : first;
  const nodes = simplify(
    before.map((value) => value.raw),
    g,
    'derived',
    values,
    trace,
  );
  const targets = before.map(({ node, name, title }, i): Target => ({
    of: node,
    name,
    node: nodes[i],
    title: title ?? titleOfTarget(name, of),
  }));
  return { model, of, targets, trace, ...(gradients && options.order !== 2 && { gradients }) };
}

function titleOfTarget(name: string, of: { readonly name: string; readonly isLoss: boolean }): Title {
  return { of: 'cotangent', word: name, ...(!of.isLoss && { by: of.name }) };
}

/** What second derivatives are of. */
export const slopeName = 'slope';

interface First {
  readonly name: string;
  readonly node: Node;
  readonly raw: Node;
  readonly title?: Title;
}

/** For each w: Σⱼ grad(sum(grad(of, wⱼ) · vⱼ), w), the vectors vⱼ being inputs. The inner sum is the slope along them. */
function secondOrder(first: readonly First[], g: Builder, trace: Trace): First[] {
  const products = first.map(({ name, node, raw }) => {
    const vector = g.make(input, [], { name: `v_${asName(name)}`, type: node.type });
    const product = g.make(mul, [raw, vector], {});
    return product.type.shape.length === 0
      ? product
      : g.make(sum, [product], { axes: node.type.shape.map((_, i) => i) });
  });
  const [head, ...rest] = products;
  if (!head) return [];
  const along = rest.reduce((total, product) => g.make(add, [total, product], {}), head);
  along.name ??= slopeName;
  const found = differentiate(
    along,
    first.map(({ node }) => node),
    g,
    { by: along, trace },
  );
  return first.map(({ name, node }, i) => ({
    name,
    node,
    raw: found[i] ?? filled(g, 0, node.type),
    title: { of: 'value', word: `hv_${name}` },
  }));
}

function isTrained({ parameters }: ModelGraph, name: string): boolean {
  return parameters.some((p) => p.trained && p.name === name);
}
