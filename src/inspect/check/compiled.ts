// Graphs in double precision by generated code: what the reference evaluator computes, to the bit, fast enough to be computed anew for
// each of a thousand places.
import { elementRule, type Elements } from '../../ir/evaluate.js';
import { instructions } from '../../ir/evaluateScalar.js';
import { printElements } from './code.js';

/** One number that every decision on the way changes: equal where all of them fell alike. */
export type Decisions = Int32Array;

type Run = (o: Float64Array, x: readonly Float64Array[], f: typeof instructions, k: Decisions) => void;

/** Functions by their text: the copies of a layer share theirs. */
const known = new Map<string, Run>();

/** Computes elements by generated code. What is decided on the way is told by `decisions`. */
export function compiledElements(decisions: Decisions): Elements {
  return (node, op, rooms, { sizeOf }) => {
    const room = (of: typeof node): Float64Array => rooms.get(of) ?? new Float64Array(0);
    const { axes, value, buffers } = elementRule(node, op);
    const text = printElements({ axes, value, buffers: [...buffers.values()], sizeOf });
    const run = known.get(text) ?? compiled(text);
    const [own, inputs] = [room(node), [...buffers.keys()].map(room)];
    return () => run(own, inputs, instructions, decisions);
  };
}

function compiled(text: string): Run {
  // The text is ours: names in it are numbers, and nothing of a model's source stands in it.
  const made = new Function('o', 'x', 'f', 'k', text) as Run;
  known.set(text, made);
  return made;
}
