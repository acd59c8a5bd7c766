// What is f32 wherever it is read, on a target that computes in double precision and rounds what it stores.
import { isOp, type Node, type Op } from '../../ir/graph.js';
import {
  abs,
  add,
  ceil,
  div,
  floor,
  maximum,
  minimum,
  mul,
  neg,
  round,
  sign,
  sqrt,
  sub,
} from '../../ir/ops/arithmetic.js';
import { spreadFrom } from '../../ir/ops/calls.js';
import { constant, size } from '../../ir/ops/constants.js';
import { again, stopGradient } from '../../ir/ops/control.js';
import { gather, oneHot, takeAlong } from '../../ir/ops/indexing.js';
import { equalTo, less, lessEqual, select, toF32 } from '../../ir/ops/logic.js';
import { broadcast, concat, pad, permute, reshape, slice, spreadOut } from '../../ir/ops/movement.js';
import { ownGradient } from '../../ir/ops/ownGradient.js';
import { window } from '../../ir/ops/windows.js';
import { random } from '../../ir/ops/random.js';
import { prod, reduceMax, reduceMin, sum } from '../../ir/ops/reductions.js';
import { leavesOfLoop, scan } from '../../ir/ops/scan.js';
import type { Provenance } from '../../ir/program.js';

/** What is f32 wherever it is read. */
export interface Singles {
  has(node: Node): boolean;
  /** The same for one reader: a number is as it is written for optimizers, and rounded for whatever compares it. */
  isSingle(node: Node, reader: Node): boolean;
}

/** Ops whose results jump where their operands change by next to nothing. */
const comparing: ReadonlySet<Op> = new Set<Op>([
  ...[less, lessEqual, equalTo, maximum, minimum, reduceMax, reduceMin],
  ...[floor, ceil, round, sign],
]);

/** Ops that give what they are given, up to a sign. */
const passing: ReadonlySet<Op> = new Set<Op>([
  ...[select, maximum, minimum, reduceMax, reduceMin, neg, abs, stopGradient, again, ownGradient],
  ...[broadcast, reshape, permute, slice, spreadOut, pad, concat, window, takeAlong, gather],
]);

/** Ops of which f32 arithmetic gives the nearest f32, as rounding a double does. */
const arithmetic: ReadonlySet<Op> = new Set<Op>([add, sub, mul, div, sqrt]);

/** Further ops of which all targets make the same. */
const exactly: ReadonlySet<Op> = new Set<Op>([constant, size, toF32, oneHot, sum, prod]);

/**
 * What is compared is computed in f32 step by step, back to what is stored, summed up or made by exp and the like: so values that tie
 * in f32 (`3 * 0.1` and 0.3) tie here too, and what was chosen from a value equals it, whichever of the two is stored. What select
 * chooses is f32 as well. Numbers of optimizers stay as they are written; so do probabilities of draws, but where they are compared.
 */
export function singlesOf(order: readonly Node[], phaseOf: (node: Node) => Provenance['phase']): Singles {
  const compared = new Set<Node>();
  const chosen = new Set<Node>();
  const open: (readonly [Node, Set<Node>])[] = [];
  const mark = (inputs: readonly Node[], to: Set<Node>): void => {
    for (const input of inputs) if (input.type.element.kind === 'f32') open.push([input, to]);
  };
  for (const node of order) {
    const isUpdate = phaseOf(node) === 'update';
    if (comparing.has(node.op)) {
      const isDrawn = node.inputs.some((input) => spreadFrom(input).op === random);
      const inputs = node.inputs.filter((input) => !((isDrawn || isUpdate) && isConstant(input)));
      mark(inputs, isUpdate ? chosen : compared);
    }
    // Cotangents pass through select as well: nothing compares them.
    if (node.op === select && phaseOf(node) === 'forward') mark(node.inputs, chosen);
  }
  const throughLoops = handedOn(order);
  for (let next = open.pop(); next; next = open.pop()) {
    const [node, to] = next;
    if (to.has(node) || compared.has(node)) continue;
    to.add(node);
    mark(throughLoops.get(node) ?? [], to);
    if (passing.has(node.op)) mark(isOp(node, ownGradient) ? node.inputs.slice(0, 1) : node.inputs, to);
    else if (to === compared && arithmetic.has(node.op)) mark(node.inputs.filter(isReproduced), to);
  }
  const has = (node: Node): boolean => compared.has(node) || chosen.has(node);
  return {
    has,
    isSingle(node, reader) {
      if (!isConstant(node)) return has(node);
      if (isConstant(reader) || phaseOf(reader) === 'update') return false;
      return has(node) || comparing.has(reader.op);
    },
  };
}

/** What leaves of bodies are in turn, and what results of loops are, where the order has bodies too. */
function handedOn(order: readonly Node[]): ReadonlyMap<Node, readonly Node[]> {
  const found = new Map<Node, Node[]>();
  const put = (node: Node, from: Node): void => {
    found.set(node, [...(found.get(node) ?? []), from]);
  };
  for (const node of order) {
    if (!isOp(node, scan)) continue;
    const { loop, result } = node.attrs;
    leavesOfLoop(loop).forEach((leaf, i) => put(leaf, node.inputs[i]));
    loop.carried.forEach((leaf, k) => put(leaf, loop.next[k]));
    put(node, result.kind === 'emit' ? result.of : loop.carried[result.of]);
  }
  return found;
}

/** In f32, do all targets make the same of it from the same operands? Contractions add up in different orders. */
function isReproduced({ op }: Node): boolean {
  return arithmetic.has(op) || passing.has(op) || exactly.has(op);
}

/** The same number everywhere, known while compiling. */
function isConstant(node: Node): boolean {
  return spreadFrom(node).op === constant;
}
