// Every operation by its samples, and draws, as functions of one module.
import { createBuilder } from '../../../src/ir/builder.js';
import { evaluate } from '../../../src/ir/evaluate.js';
import type { Node } from '../../../src/ir/graph.js';
import { input } from '../../../src/ir/ops/leaves.js';
import { ops } from '../../../src/ir/ops/registry.js';
import { moduleText, writeFunction, type Signature } from '../../../src/export/stablehlo/functions.js';
import { evaluateSizes } from '../../../src/ir/index.js';
import { drawn } from '../draws.js';
import { createDraws, fillType, readType } from '../../support/sampleTypes.js';

export interface SampleOf {
  /** `gather 0` */
  readonly name: string;
  readonly signature: Signature;
  /** By parameter. */
  readonly given: Readonly<Record<string, readonly number[]>>;
  readonly counters: Readonly<Record<string, number>>;
  /** What the evaluator makes of it, in double precision. */
  readonly wanted: readonly number[];
}

export function samples(): { readonly text: string; readonly samples: readonly SampleOf[] } {
  const sizeOf = (index: Parameters<typeof evaluateSizes>[0]): number => evaluateSizes(index, () => 0);
  // How a bundler lists what a file exports is not how modules do.
  const inOrder = [...ops].sort((a, b) => (a.name < b.name ? -1 : 1));
  const written = inOrder.flatMap((op) =>
    op.samples.map((sample, number) => {
      const g = createBuilder();
      const name = `${op.name} ${number}`;
      const inputs = sample.inputs.map((text, i) => ({ name: `x${i}`, type: readType(text) }));
      const draw = createDraws(number + op.name.length * 7);
      const given = Object.fromEntries(
        inputs.map((each) => [each.name, fillType(each.type, draw, sample.domain).map(Math.fround)]),
      );
      const node: Node = g.make(
        op,
        inputs.map((each) => g.make(input, [], each)),
        sample.attrs,
      );
      const outline = { name, results: [{ name: 'y', node }], updates: [] };
      const { text, signature } = writeFunction(outline, { inputs, held: [] }, sizeOf);
      const [values] = evaluate([node], { leaf: (leaf) => given[(leaf.attrs as { name: string }).name] });
      return { name, text, signature, given, counters: {}, wanted: [...values] };
    }),
  );
  const all = [...written, ...draws()];
  return { text: moduleText('samples', [], all), samples: all };
}

/** Uniform and normal numbers of one step of a run. */
function draws(): (SampleOf & { readonly text: string })[] {
  const { nodes, counters, leaf } = drawn();
  return nodes.map(({ name, node }) => {
    const outline = { name, results: [{ name: 'y', node }], updates: [] };
    const { text, signature } = writeFunction(outline, { inputs: [], held: [] }, (index) =>
      evaluateSizes(index, () => 0),
    );
    const [values] = evaluate([node], { leaf });
    return { name, text, signature, given: {}, counters, wanted: [...values] };
  });
}
