// What is f32 wherever it is read, on a target that computes in double precision and rounds what it stores.
import type { Node } from '../../ir/graph.js';
import type { Provenance } from '../../ir/program.js';

/** What is f32 wherever it is read. */
export interface Singles {
  has(node: Node): boolean;
  /** The same for one reader: a number is as it is written for optimizers, and rounded for whatever compares it. */
  isSingle(node: Node, reader: Node): boolean;
}

/** Ops whose results jump where their operands change by next to nothing. */
const comparing: ReadonlySet<string> = new Set([
  ...['less', 'lessEqual', 'equalTo', 'maximum', 'minimum', 'reduceMax', 'reduceMin'],
  ...['floor', 'ceil', 'round', 'sign'],
]);

/** Ops that give what they are given, up to a sign. */
const passing: ReadonlySet<string> = new Set([
  ...['select', 'maximum', 'minimum', 'reduceMax', 'reduceMin', 'neg', 'abs', 'stopGradient', 'again'],
  ...['broadcast', 'reshape', 'permute', 'slice', 'spreadOut', 'pad', 'concat', 'takeAlong', 'gather'],
]);

/** Ops of which f32 arithmetic gives the nearest f32, as rounding a double does. */
const arithmetic: ReadonlySet<string> = new Set(['add', 'sub', 'mul', 'div', 'sqrt']);

/**
 * What is compared is computed in f32 step by step, back to what is stored, summed up or made by exp and the like: so values that tie
 * in f32 (`3 * 0.1` and 0.3) tie here too, and what was chosen from a value equals it, whichever of the two is stored. What select
 * chooses is f32 as well. Numbers of optimizers stay as they are written; so do probabilities of draws, but where they are compared.
 */
export function singlesOf(order: readonly Node[], phaseOf: (node: Node) => Provenance['phase']): Singles {
  const compared = new Set<Node>();
  const chosen = new Set<Node>();
  const open: (readonly [Node, Set<Node>])[] = [];
  const add = (inputs: readonly Node[], to: Set<Node>): void => {
    for (const input of inputs) if (input.type.element.kind === 'f32') open.push([input, to]);
  };
  for (const node of order) {
    const isUpdate = phaseOf(node) === 'update';
    if (comparing.has(node.op.name)) {
      const isDrawn = node.inputs.some((input) => through(input).op.name === 'random');
      const inputs = node.inputs.filter((input) => !((isDrawn || isUpdate) && isConstant(input)));
      add(inputs, isUpdate ? chosen : compared);
    }
    // Cotangents pass through select as well: nothing compares them.
    if (node.op.name === 'select' && phaseOf(node) === 'forward') add(node.inputs, chosen);
  }
  for (let next = open.pop(); next; next = open.pop()) {
    const [node, to] = next;
    if (to.has(node) || compared.has(node)) continue;
    to.add(node);
    if (passing.has(node.op.name)) add(node.inputs, to);
    else if (to === compared && arithmetic.has(node.op.name)) add(node.inputs.filter(isReproduced), to);
  }
  const has = (node: Node): boolean => compared.has(node) || chosen.has(node);
  return {
    has,
    isSingle(node, reader) {
      if (!isConstant(node)) return has(node);
      if (isConstant(reader) || phaseOf(reader) === 'update') return false;
      return has(node) || comparing.has(reader.op.name);
    },
  };
}

/** In f32, do all targets make the same of it from the same operands? Contractions add up in different orders. */
function isReproduced({ op: { name } }: Node): boolean {
  return arithmetic.has(name) || passing.has(name) || ['constant', 'size', 'toF32', 'sum', 'prod'].includes(name);
}

/** The same number everywhere, known while compiling. */
function isConstant(node: Node): boolean {
  return through(node).op.name === 'constant';
}

function through(node: Node): Node {
  let at = node;
  while (at.op.name === 'broadcast' || at.op.name === 'reshape') at = at.inputs[0];
  return at;
}
