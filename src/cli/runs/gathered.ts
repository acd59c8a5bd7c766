// Rows that a run was fed with lately: copies of batches, put together.
import type { InputArray, InputArrays } from '../../data/dataset.js';
import type { ModelGraph } from '../../ir/model.js';
import { rowSize, rowsOf } from './point.js';

export interface Gathered {
  readonly rows: number;
  readonly inputs: InputArrays;
}

/** Collects the latest rows, about so many. A model that asks something of run-time sizes takes batches as they are. */
export function gathering(model: ModelGraph, most: number) {
  const whole = model.training.requirements.length > 0;
  let parts: Gathered[] = [];
  const count = (): number => parts.reduce((sum, { rows }) => sum + rows, 0);
  return {
    count,
    add(inputs: InputArrays): void {
      const rows = rowsOf(model, inputs);
      if (rows === undefined || !Number.isInteger(rows)) return;
      if (whole) parts = [];
      const taken = whole ? rows : Math.min(rows, most);
      parts.push({ rows: taken, inputs: mapped(model, inputs, (values, size) => values.slice(0, taken * size)) });
      while (!whole && parts.length > 1 && count() - parts[0].rows >= most) parts = parts.slice(1);
    },
    /** All of them, which are then forgotten. */
    take(): Gathered | undefined {
      const [first, ...others] = parts;
      const all = count();
      const rows = whole ? all : Math.min(all, most);
      parts = [];
      if (!first || others.length === 0) return first;
      const inputs = mapped(model, first.inputs, (values, size, name) => {
        const joined = new (values.constructor as Float32ArrayConstructor)(all * size);
        let at = 0;
        for (const part of [first, ...others]) {
          joined.set(part.inputs[name] as Float32Array, at);
          at += part.rows * size;
        }
        return joined.subarray((all - rows) * size) as InputArray;
      });
      return { rows, inputs };
    },
  };
}

function mapped(
  model: ModelGraph,
  inputs: InputArrays,
  become: (values: InputArray, size: number, name: string) => InputArray,
): InputArrays {
  return Object.fromEntries(
    model.inputs.flatMap((input): [string, InputArray][] =>
      Object.hasOwn(inputs, input.name) ? [[input.name, become(inputs[input.name], rowSize(input), input.name)]] : [],
    ),
  );
}
