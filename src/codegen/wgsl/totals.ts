// What the numbers of a workgroup's threads come to: by a tree in its memory, or with subgroups where the device has them.
import type { Total } from '../../ir/program.js';
import { foldIdentity, type FoldOp, type ScalarType } from '../../ir/scalar.js';
import { printNumber } from './scalar.js';

const ops: readonly FoldOp[] = ['add', 'mul', 'max', 'min'];
const types = ['f32', 'i32', 'u32'] as const;

/** `groupAdd`, `groupMaxI32`: WGSL has functions of such names for subgroups. */
export function totalName({ op, type }: Pick<Total, 'op' | 'type'>): string {
  return `group${capital(op)}${type === 'f32' ? '' : capital(type)}`;
}

/** The memory through which threads tell one another. */
function sharesOf(type: ScalarType): string {
  return `shares${type === 'f32' ? '' : capital(type)}`;
}

export const totalNames: readonly string[] = types.flatMap((type) => [
  sharesOf(type),
  ...ops.map((op) => totalName({ op, type })),
]);

function capital(word: string): string {
  return word[0].toUpperCase() + word.slice(1);
}

/** The statement that takes a value into what `target` holds. */
function take(op: FoldOp, target: string, value: string): string {
  if (op === 'add' || op === 'mul') return `${target} ${op === 'add' ? '+' : '*'}= ${value};`;
  return `${target} = ${op}(${target}, ${value});`;
}

function tree(op: FoldOp, type: ScalarType): string {
  const shares = sharesOf(type);
  return `// Pairs of shares, half as many each round, until the first holds all.
fn ${totalName({ op, type })}(value: ${type}, thread: u32, threads: u32) -> ${type} {
  workgroupBarrier();
  ${shares}[thread] = value;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) {
      ${take(op, `${shares}[thread]`, `${shares}[thread + half]`)}
    }
  }
  workgroupBarrier();
  return ${shares}[0];
}`;
}

/**
 * Every subgroup folds all of the shares, each of its threads some of them: right for any size of subgroups and whatever threads are
 * in which, and no subgroup has to wait for what another one found.
 */
function bySubgroups(op: FoldOp, type: ScalarType): string {
  const shares = sharesOf(type);
  const identity = printNumber(foldIdentity(op, type), type).text;
  return `// Each subgroup takes all shares, its threads in turn, eight at a time.
fn ${totalName({ op, type })}(value: ${type}, thread: u32, threads: u32) -> ${type} {
  workgroupBarrier();
  ${shares}[thread] = value;
  workgroupBarrier();
  let lanes = subgroupAdd(1u);
  var part: ${type} = ${identity};
  for (var i = subgroupExclusiveAdd(1u); i < threads; i += 8u * lanes) {
    var eight: ${type} = ${identity};
    for (var j = i; j < min(i + 8u * lanes, threads); j += lanes) {
      ${take(op, 'eight', `${shares}[j]`)}
    }
    ${take(op, 'part', 'eight')}
  }
  return subgroup${capital(op)}(part);
}`;
}

/** The functions that the text of kernels mentions, in both forms; undefined where it mentions none. */
export function neededTotals(text: string): { readonly tree: string; readonly subgroups: string } | undefined {
  const words = new Set(text.match(/\bgroup[A-Z]\w+/g));
  const needed = types.flatMap((type) =>
    ops.flatMap((op) => (words.has(totalName({ op, type })) ? [{ op, type }] : [])),
  );
  if (needed.length === 0) return undefined;
  const memory = types
    .filter((type) => needed.some((n) => n.type === type))
    .map((type) => `var<workgroup> ${sharesOf(type)}: array<${type}, 256>;`);
  const print = (form: typeof tree): string => [...memory, ...needed.map((n) => form(n.op, n.type))].join('\n\n');
  return { tree: print(tree), subgroups: print(bySubgroups) };
}
