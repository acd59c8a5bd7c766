// Functions at their edges (0, ties, equal rows, infinities, huge and tiny numbers): what PyTorch makes finite in 32 bits is that number here.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadText } from '../support/trainer.js';

type Recorded = number | 'inf' | '-inf' | 'NaN';

interface Edge {
  readonly expression: string;
  readonly inputs: Record<string, { readonly shape: number[]; readonly data: Recorded[] }>;
  /** null where PyTorch has no finite number, or one that rounding made. */
  readonly value: (number | null)[];
  /** Of the sum of the result's elements. */
  readonly gradients: Record<string, (number | null)[]>;
}

const edges: Edge[] = JSON.parse(readFileSync(new URL('edges.json', import.meta.url), 'utf8'));

const special: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity, NaN };
const numberOf = (recorded: Recorded): number => (typeof recorded === 'number' ? recorded : special[recorded]);

function textOf({ expression, inputs }: Edge): string {
  const parameters = Object.entries(inputs).map(([name, { shape }]) => `param ${name}: [${shape.join(', ')}] = 0`);
  return `model edge {
  input one: [1]
  ${parameters.join('\n  ')}
  result = (${expression})
  output result
  loss = sum(result) + 0 * sum(one)
  train { optimizer = sgd(lr = 0.1) }
}
`;
}

/** Every place where a number is not the one that was recorded, in words. */
function differences(what: string, want: readonly (number | null)[], got: ArrayLike<number>): string[] {
  if (want.length !== got.length) return [`${what} has ${got.length} elements, not ${want.length}`];
  return want.flatMap((w, i) =>
    w === null || Math.abs(got[i] - w) <= 2e-5 * Math.abs(w) + 1e-7 ? [] : [`${what}[${i}] is ${got[i]}, not ${w}`],
  );
}

describe.each(['ts', 'wasm'] as const)('%s', (target) => {
  it.each(edges.map((edge, i) => [i, edge.expression, edge] as const))('%i: %s', async (_, __, edge) => {
    const { createTrainer } = await loadText(textOf(edge), { target });
    const parameters = Object.fromEntries(
      Object.entries(edge.inputs).map(([name, { data }]) => [name, Float32Array.from(data.map(numberOf))]),
    );
    const trainer = await createTrainer({ seed: 0, parameters });
    const { result } = trainer.predict({});
    const { gradients } = trainer.gradients({ one: Float32Array.of(0) });
    const found = [
      ...differences('the value', edge.value, typeof result === 'number' ? [result] : result),
      ...Object.entries(edge.gradients).flatMap(([name, want]) => differences(`d_${name}`, want, gradients[name])),
    ];
    expect(found).toEqual([]);
  });
});
