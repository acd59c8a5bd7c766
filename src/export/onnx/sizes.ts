// Run-time sizes in the graph: whole numbers made of the shapes of inputs, and what is computed of them.
import { constantOf, type Atom, type Index } from '../../ir/index.js';
import type { Value, Writer } from './writer.js';

/** The value of an index without axes: int64 of rank 0. `writer` writes into the outermost graph. */
export function sizeValue(of: Index, writer: Writer): Value {
  const known = constantOf(of);
  if (known !== undefined) return writer.number([known], 'int64');
  const { sizes } = writer.around;
  const found = sizes.get(of.key);
  if (found) return found;
  const terms = of.terms.map(({ factor, atoms }) =>
    product(
      [
        ...(factor === 1 && atoms.length > 0 ? [] : [writer.number([factor], 'int64')]),
        ...atoms.map((part) => atomValue(part, writer)),
      ],
      writer,
    ),
  );
  const made = terms.reduce((a, b) => writer.add('Add', [a, b], { name: 'size' }));
  sizes.set(of.key, made);
  return made;
}

function product(factors: readonly Value[], writer: Writer): Value {
  return factors.reduce((a, b) => writer.add('Mul', [a, b], { name: 'size' }));
}

function atomValue(part: Atom, writer: Writer): Value {
  switch (part.kind) {
    case 'size':
      return toldValue(part.name, writer);
    case 'sum':
      return sizeValue(part.of, writer);
    case 'quotient':
      return writer.add('Div', [sizeValue(part.of, writer), sizeValue(part.by, writer)], { name: 'size' });
    case 'axis':
    case 'element':
      throw new Error(`a size has no ${part.kind}`);
    default:
      return part satisfies never;
  }
}

/** A size from the dimension that tells it. */
function toldValue(name: string, writer: Writer): Value {
  const { sizes, told } = writer.around;
  const key = `size ${name}`;
  const found = sizes.get(key);
  if (found) return found;
  const { input, axis, factor, rest } = told(name);
  const shape = writer.once(`shape of ${input}`, () =>
    writer.add('Shape', [{ name: input, type: 'int64' }], { type: 'int64', name: 'shape' }),
  );
  let made = writer.add('Gather', [shape, writer.number([axis], 'int64')], { name });
  if (constantOf(rest) !== 0) made = writer.add('Sub', [made, sizeValue(rest, writer)], { name });
  if (constantOf(factor) !== 1) made = writer.add('Div', [made, sizeValue(factor, writer)], { name });
  sizes.set(key, made);
  return made;
}
