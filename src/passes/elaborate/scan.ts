// `scan`: a body that runs for each slice of some sequences, and what it carries and emits.
import {
  carriedChanges,
  axisLeftOut,
  emitsNothing,
  emittedForNothing,
  lengthsDiffer,
  noAxisToScan,
} from '../../diagnostics/loops.js';
import { scanWithoutResult } from '../../diagnostics/loops.js';
import { definedTwice, setTwice } from '../../diagnostics/elaboration.js';
import type { Span } from '../../diagnostics/diagnostic.js';
import type { Node } from '../../ir/graph.js';
import { constantOf } from '../../ir/index.js';
import { literal } from '../../ir/ops/constants.js';
import { permute, slice } from '../../ir/ops/movement.js';
import { sub, zero } from '../../ir/index.js';
import { printDim, printType, sameElement, sameShape, type TensorType } from '../../ir/types.js';
import { print } from '../../parser/print.js';
import type { Scan } from '../../parser/tree.js';
import { axisOf } from './axes.js';
import { announce, define, runStatement } from './bodies.js';
import { commonShape, stretch } from './broadcasting.js';
import { evaluate } from './expressions.js';
import { checkExtent } from './extent.js';
import { atStatement, fail, Follows, traced, type Frame } from './frame.js';
import { abandon, closeLoop, enter, openLoop, sliceOf } from './loops.js';
import { toNode } from './tensors.js';
import { Scope, tensorValue, type Value, type Variable } from './values.js';

/** A scan as an expression: the stack of what its body emits, along the axis that it goes along. */
export function emittedBy(scan: Scan, frame: Frame): Value {
  const { emitted } = run(scan, frame);
  if (!emitted) return fail(frame, emitsNothing({ span: scan.span }));
  const values = emitted.map(tensorValue);
  return values.length === 1 ? values[0] : { kind: 'tuple', items: values };
}

/** A scan as a statement: for what it carries. */
export function runScan(scan: Scan, outer: Frame): void {
  const frame = atStatement(outer, scan.span);
  const { emitted } = frame.context.g.at(frame.origin, () => run(scan, frame));
  const emit = scan.body.find((s) => s.kind === 'emit');
  if (emitted && emit) frame.context.report(traced(frame, emittedForNothing({ span: emit.span })));
}

/** What a scan starts from: a number grows to the shape of what replaces it. */
interface Start {
  readonly name: Scan['carried'][number]['name'];
  readonly span: Span;
  readonly node: Node;
  readonly grows: boolean;
}

/** The body replaces what started as a number with a tensor: it is to start as one. */
class Grown extends Error {
  constructor(
    readonly variable: Variable,
    readonly type: TensorType,
    readonly span: Span,
  ) {
    super();
  }
}

interface Ran {
  /** Absent where the body has no emit. */
  readonly emitted?: readonly Node[];
}

function run(scan: Scan, frame: Frame): Ran {
  const sequences = sequencesOf(scan, frame);
  for (const { name } of scan.carried) {
    const first = frame.scope.own(name.name);
    if (first && !first.carried) fail(frame, definedTwice({ name: name.name, span: name.span, first: first.span }));
  }
  let starts = scan.carried.map(({ name, start }): Start => {
    const value = evaluate(start, atStatement(frame, start.span));
    if (value.kind === 'unknown') throw new Follows();
    const grows = value.kind === 'number' || value.kind === 'boolean';
    return { name, span: start.span, node: toNode(frame, value, start.span), grows };
  });
  // Each start grows at most once.
  for (;;) {
    const restore = marked(frame);
    const carried = starts.map(({ name, node, span, grows }): Variable => ({
      kind: 'carried',
      name: name.name,
      now: node,
      start: { span, grows },
    }));
    try {
      return round(scan, sequences, starts, carried, frame);
    } catch (fault) {
      if (!(fault instanceof Grown) || !carried.includes(fault.variable)) throw fault;
      const at = carried.indexOf(fault.variable);
      starts = starts.map((s, i) => (i === at ? { ...s, node: grown(s, fault, frame), grows: false } : s));
      restore();
    }
  }
}

/** Elaborates the body, once, and closes the loop over it. */
function round(
  scan: Scan,
  sequences: readonly Sequence[],
  starts: readonly Start[],
  carried: readonly Variable[],
  frame: Frame,
): Ran {
  const { context } = frame;
  const { g } = context;
  const [{ axis, node: first }] = sequences;
  const loop = openLoop(context, first.type.shape[0]);
  const depth = context.loops.length;
  try {
    const body: Frame = { ...frame, scope: new Scope(frame.scope, true), binding: undefined };
    scan.sequences.forEach(({ name }, i) => {
      requireNew(name, body);
      const slice = tensorValue(sliceOf(loop, sequences[i].node, name.name, g));
      body.scope.define(name.name, slice, name.span);
      context.note?.(name.span, slice);
    });
    carried.forEach((variable, k) => {
      const { name } = starts[k];
      requireNew(name, body);
      enter(loop, variable, g);
      body.scope.defineVariable(name.name, variable, name.span);
      context.note?.(name.span, tensorValue(variable.now));
    });
    const emitted = runBody(scan, body);
    const closed = closeLoop(context, emitted ?? [], scan.backwards);
    // In evaluation a state is not replaced.
    if (!emitted && !closed.carries && context.mode.isTraining()) fail(frame, scanWithoutResult({ span: scan.span }));
    carried.forEach((variable, k) => leave(variable, starts[k].name, frame));
    const stacks = closed.emitted.map((stack) => movedFrom(stack, axis, frame));
    for (const { type } of stacks) checkExtent(frame, type, scan.span);
    return emitted ? { emitted: stacks } : {};
  } finally {
    // A fault within leaves the loop open.
    if (context.loops.length === depth) abandon(context);
  }
}

function requireNew({ name, span }: Scan['carried'][number]['name'], body: Frame): void {
  const first = body.scope.own(name);
  if (first) fail(body, definedTwice({ name, span, first: first.span }));
}

/** Runs the statements of the body; what it emits. */
function runBody({ body }: Scan, frame: Frame): Node[] | undefined {
  announce(body, frame);
  let emitted: { readonly nodes: Node[]; readonly span: Span } | undefined;
  for (const statement of body) {
    if (statement.kind !== 'emit') {
      runStatement(statement, frame, 'a scan');
      continue;
    }
    if (emitted) fail(frame, setTwice({ name: 'emit', span: statement.span, first: emitted.span }));
    const inner = atStatement(frame, statement.span);
    const nodes = frame.context.g.at(inner.origin, () =>
      statement.values.map((value) => {
        const found = evaluate(value, inner);
        if (found.kind === 'unknown') throw new Follows();
        return toNode(frame, found, value.span);
      }),
    );
    emitted = { nodes, span: statement.span };
  }
  return emitted?.nodes;
}

/** After a scan, a carried name holds its last value. */
function leave(variable: Variable, name: Scan['carried'][number]['name'], frame: Frame): void {
  define(name, tensorValue(variable.now), frame);
  frame.scope.defineCarried(name.name, tensorValue(variable.now), name.span);
}

/** What a carried value becomes: of the type it has. */
export function nextOf(frame: Frame, variable: Variable, value: Value, span: Span): Node {
  const { g } = frame.context;
  const { type } = variable.now;
  const node = toNode(frame, value, span);
  const common = commonShape([node.type.shape, type.shape]);
  const fits = sameElement(node.type.element, type.element);
  if (fits && common && sameShape({ ...type, shape: common }, type)) return stretch(g, node, type.shape);
  const { start } = variable;
  if (start?.grows && (fits || node.type.element.kind === 'index')) throw new Grown(variable, node.type, span);
  return fail(
    frame,
    carriedChanges({
      name: variable.name,
      start: { span: start?.span ?? span, type: printType(type), text: `starts as ${printType(type)}` },
      next: { span, type: printType(node.type), text: `becomes ${printType(node.type)}` },
    }),
  );
}

/** A number in the type of what replaces it. */
function grown({ node, span, name }: Start, { type, span: place }: Grown, frame: Frame): Node {
  const { g } = frame.context;
  if (sameElement(node.type.element, type.element)) return stretch(g, node, type.shape);
  const value = Number(node.attrs.value);
  const size = type.element.kind === 'index' ? constantOf(type.element.size) : undefined;
  if (!Number.isInteger(value) || value < 0 || value >= (size ?? Infinity))
    return fail(
      frame,
      carriedChanges({
        name: name.name,
        start: { span, type: `the number ${value}`, text: `starts as ${value}` },
        next: { span: place, type: printType(type), text: `becomes ${printType(type)}` },
      }),
    );
  return stretch(g, g.make(literal, [], { values: [value], type: { element: type.element, shape: [] } }), type.shape);
}

/** Forgets what is named, drawn and declared from here on. */
function marked({ context, naming }: Frame): () => void {
  const { parameters, states, requirements, draws, sizes } = context;
  const all = [marking(parameters), marking(states), marking(requirements), naming.mark(), draws.mark()];
  return () => {
    context.sizes = sizes;
    for (const restore of all) restore();
  };
}

function marking(map: Map<string, unknown>): () => void {
  const before = new Set(map.keys());
  return () => {
    for (const key of [...map.keys()]) if (!before.has(key)) map.delete(key);
  };
}

interface Sequence {
  /** The looped axis first. */
  readonly node: Node;
  /** Which axis that was. */
  readonly axis: number;
}

/** The sequences, equally long, each from its first slice on. */
function sequencesOf({ sequences, along, backwards }: Scan, frame: Frame): Sequence[] {
  const written = along && evaluate(along, atStatement(frame, along.span));
  if (written?.kind === 'unknown') throw new Follows();
  const found = sequences.map(({ of }) => {
    const value = evaluate(of, atStatement(frame, of.span));
    if (value.kind === 'unknown') throw new Follows();
    const node = toNode(frame, value, of.span);
    const { shape } = node.type;
    const type = printType(node.type);
    if (shape.length === 0) return fail(frame, noAxisToScan({ type, span: of.span }));
    if (!written && shape.length > 1) {
      const axis = Math.min(1, shape.length - 1);
      return fail(frame, axisLeftOut({ type, span: of.span, axis: shape[axis].name ?? String(axis) }));
    }
    return { node, axis: written && along ? axisOf(frame, node, written, along.span) : 0, span: of.span };
  });
  const lengths = found.map(({ node, axis }) => node.type.shape[axis]);
  const other = lengths.findIndex((d) => d.size.key !== lengths[0].size.key);
  if (other > 0)
    return fail(
      frame,
      lengthsDiffer({
        labels: [0, other].map((i) => ({
          span: found[i].span,
          text: `${print(sequences[i].of)}: ${printDim(lengths[i])} of ${printType(found[i].node.type)}`,
        })),
      }),
    );
  return found.map(({ node, axis }) => ({ axis, node: flipped(movedTo(node, axis, frame), backwards, frame) }));
}

/** The axis first. */
function movedTo(node: Node, axis: number, { context: { g } }: Frame): Node {
  if (axis === 0) return node;
  return g.make(permute, [node], { order: [axis, ...node.type.shape.keys()].filter((a, i) => i === 0 || a !== axis) });
}

/** The first axis where it belongs. */
function movedFrom(stack: Node, axis: number, { context: { g } }: Frame): Node {
  const place = Math.min(axis, stack.type.shape.length - 1);
  if (place === 0) return stack;
  return g.make(permute, [stack], {
    order: [...stack.type.shape.keys()].map((i) => (i < place ? i + 1 : i === place ? 0 : i)),
  });
}

function flipped(node: Node, backwards: boolean, { context: { g } }: Frame): Node {
  if (!backwards) return node;
  const { shape } = node.type;
  return g.make(slice, [node], {
    starts: shape.map((d, i) => (i === 0 ? sub(d.size, 1) : zero)),
    steps: shape.map((_, i) => (i === 0 ? -1 : 1)),
    sizes: shape,
  });
}
