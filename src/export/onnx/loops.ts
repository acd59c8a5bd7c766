// Loops: ONNX's Scan, whose body is a graph that may read what is outside. A short loop is written out.
import type { Node, NodeOf } from '../../ir/graph.js';
import { constantOf, zero } from '../../ir/index.js';
import { startOf, type recurrence } from '../../ir/ops/recurrence.js';
import { bodyRoots, inputsOfScan, type ScanNode } from '../../ir/ops/scan.js';
import type { Dim, TensorType } from '../../ir/types.js';
import type { Declared } from './model.js';
import { series } from './movement.js';
import { declare, elementOf, type Value, type Writer } from './writer.js';

/** Loops of so few rounds are written out. */
const few = 4;

/** A result of a loop; with it all others of the same run. */
export function looped(node: ScanNode, writer: Writer): Value {
  const results = writer.resultsOf(node);
  const rounds = constantOf(node.attrs.loop.length.size);
  const values = rounds !== undefined && rounds <= few ? writtenOut(results, rounds, writer) : scanned(results, writer);
  results.forEach((result, i) => writer.note(result, values[i]));
  return values[results.indexOf(node)];
}

function writtenOut(results: readonly ScanNode[], rounds: number, writer: Writer): readonly Value[] {
  const [first] = results;
  const { loop } = first.attrs;
  const { sequences, starts, captured } = inputsOfScan(first);
  const outside = loop.captured.map((leaf, i): [Node, Value] => [leaf, writer.of(captured[i])]);
  const given = sequences.map((sequence) => writer.of(sequence));
  const roots = bodyRoots(results);
  const states = [starts.map((start) => writer.of(start))];
  const emitted: (readonly Value[])[] = [];
  for (let round = 0; round < rounds; round++) {
    const slice = (value: Value): Value =>
      writer.add('Gather', [value, writer.number([round], 'int64')], { attributes: { axis: { int: 0 } } });
    const bound = new Map<Node, Value>([
      ...outside,
      ...loop.slices.map((leaf, i): [Node, Value] => [leaf, slice(given[i])]),
      ...loop.carried.map((leaf, k): [Node, Value] => [leaf, states[round][k]]),
    ]);
    const body = writer.beside(bound);
    body.say(roots);
    states.push(loop.next.map((next) => body.of(next)));
    emitted.push(
      results.map(({ attrs: { result } }) => (result.kind === 'emit' ? body.of(result.of) : states[round][0])),
    );
  }
  const stacked = (values: readonly Value[]): Value => {
    const rows = values.map((value) => writer.add('Unsqueeze', [value, writer.list([0])]));
    return rows.length === 1 ? rows[0] : writer.add('Concat', rows, { attributes: { axis: { int: 0 } } });
  };
  return results.map(({ attrs: { result } }, i) => {
    switch (result.kind) {
      case 'emit':
        return stacked(emitted.map((row) => row[i]));
      case 'stack':
        return stacked(states.map((state) => state[result.of]));
      case 'final':
        return states[rounds][result.of];
      default:
        return result satisfies never;
    }
  });
}

function scanned(results: readonly ScanNode[], writer: Writer): readonly Value[] {
  const [first] = results;
  const { loop } = first.attrs;
  const { sequences, starts, captured } = inputsOfScan(first);
  const outside = loop.captured.map((leaf, i): [Node, Value] => [leaf, writer.of(captured[i])]);
  const leafOf = (leaf: Node, name: string): Leaf => ({ name: writer.take(name), type: leaf.type, of: leaf });
  const carried = loop.carried.map((leaf) => leafOf(leaf, leaf.attrs.name));
  const slices = loop.slices.map((leaf) => leafOf(leaf, leaf.attrs.name));
  const own = [...carried, ...slices].map(({ name, type, of }): [Node, Value] => [of, { name, type: elementOf(type) }]);
  const body = writer.inside(new Map([...outside, ...own]));
  body.say(bodyRoots(results));
  const stacks = results.flatMap(({ attrs: { result } }) =>
    result.kind === 'emit'
      ? [{ value: body.of(result.of), type: result.of.type }]
      : result.kind === 'stack'
        ? [{ value: body.of(loop.carried[result.of]), type: loop.carried[result.of].type }]
        : [],
  );
  const nexts = loop.next.map((next, k) => ({ value: body.of(next), type: loop.carried[k].type }));
  const { finals, rows } = runScan(
    {
      body,
      inputs: [...carried, ...slices],
      nexts,
      stacks,
      starts: starts.map((start) => writer.of(start)),
      sequences: sequences.map((sequence) => writer.of(sequence)),
      length: loop.length,
    },
    writer,
  );
  let at = 0;
  return results.map(({ attrs: { result } }) => {
    switch (result.kind) {
      case 'emit':
        return rows[at++];
      case 'stack': {
        const last = writer.add('Unsqueeze', [finals[result.of], writer.list([0])]);
        return writer.add('Concat', [rows[at++], last], { attributes: { axis: { int: 0 } } });
      }
      case 'final':
        return finals[result.of];
      default:
        return result satisfies never;
    }
  });
}

interface Leaf {
  readonly name: string;
  readonly type: TensorType;
  readonly of: Node;
}

interface Result {
  readonly value: Value;
  readonly type: TensorType;
}

interface Run {
  readonly body: Writer;
  /** Leaves of the body: carried values, then slices. */
  readonly inputs: readonly { readonly name: string; readonly type: TensorType }[];
  readonly nexts: readonly Result[];
  readonly stacks: readonly Result[];
  readonly starts: readonly Value[];
  readonly sequences: readonly Value[];
  readonly length: Dim;
  /** Which axis of sequences and stacks is gone along (default: the first), and from which end. */
  readonly axis?: number;
  readonly reverse?: boolean;
}

/** Adds the Scan: its last carried values, and what it stacks. */
function runScan(run: Run, writer: Writer): { finals: readonly Value[]; rows: readonly Value[] } {
  const { body, nexts, stacks, starts, axis = 0, reverse = false } = run;
  // A loop over nothing but its carried values goes along its rounds.
  const counts = run.sequences.length === 0;
  const sequences = counts ? [series(zero, run.length.size, 1, writer)] : run.sequences;
  const round: Declared[] = counts ? [{ name: writer.take('round'), type: 'int64', dims: [] }] : [];
  const inputs = [...run.inputs.map(({ name, type }) => declare(name, type)), ...round];
  const outputs = [...nexts, ...stacks].map(({ value, type }) => {
    const named = body.add('Identity', [value], { name: `${value.name}_out` });
    return declare(named.name, type);
  });
  const along = (list: readonly unknown[], value: number): { ints: readonly number[] } => ({
    ints: list.map(() => value),
  });
  const attributes = {
    body: { graph: body.graph('body', inputs, outputs) },
    num_scan_inputs: { int: sequences.length },
    ...(axis !== 0 && {
      scan_input_axes: along(sequences, axis),
      ...(stacks.length > 0 && { scan_output_axes: along(stacks, axis) }),
    }),
    ...(reverse && {
      scan_input_directions: along(sequences, 1),
      ...(stacks.length > 0 && { scan_output_directions: along(stacks, 1) }),
    }),
  };
  const types = [...nexts, ...stacks].map(({ type }) => elementOf(type));
  const values = writer.addAll('Scan', [...starts, ...sequences], types, { attributes });
  return { finals: values.slice(0, nexts.length), rows: values.slice(nexts.length) };
}

/** Each element by the one before, along an axis: a running sum is an operator, the others go along in a Scan. */
export function running(node: NodeOf<typeof recurrence>, writer: Writer): Value {
  const { axis, reverse, form } = node.attrs;
  const values = node.inputs.map((input) => writer.of(input));
  if (form === 'sum')
    return writer.add('CumSum', [values[0], writer.number([axis], 'int64')], {
      attributes: { reverse: { int: reverse ? 1 : 0 } },
    });
  const { shape } = node.type;
  const type: TensorType = { element: node.type.element, shape: shape.filter((_, i) => i !== axis) };
  const leaf = (name: string): { readonly name: string; readonly type: TensorType } => ({
    name: writer.take(name),
    type,
  });
  const [carried, ...slices] = [leaf('carried'), ...values.map(() => leaf('element'))];
  const body = writer.inside(new Map());
  const [before, factor, added] = [carried, ...slices].map(({ name }): Value => ({ name, type: elementOf(type) }));
  const product = body.add('Mul', [before, factor]);
  const next = { value: form === 'linear' ? body.add('Add', [product, added]) : product, type };
  const start = writer.add('Expand', [writer.number([startOf(node.attrs)], 'float'), writer.shape(type.shape)]);
  const { rows } = runScan(
    {
      body,
      inputs: [carried, ...slices],
      nexts: [next],
      stacks: [next],
      starts: [start],
      sequences: values,
      length: shape[axis],
      axis,
      reverse,
    },
    writer,
  );
  return rows[0];
}
