// Every contraction of tensors of up to three axes, as it is written: `@` and the product of matrices side by side where NumPy's matmul
// means them, else letters. What the language's form computes is the contraction.
import { describe, expect, it } from 'vitest';
import { check } from '../../src/index.js';
import { createWriter } from '../../src/ir/formula.js';
import { printFormula } from '../../src/ir/formula/text.js';
import { createBuilder } from '../../src/ir/builder.js';
import { evaluate } from '../../src/ir/evaluate.js';
import type { Node } from '../../src/ir/graph.js';
import { constant, printIndex } from '../../src/ir/index.js';
import { leafName } from '../../src/ir/labels.js';
import { contract, type Labels } from '../../src/ir/ops/contract.js';
import { input } from '../../src/ir/ops/leaves.js';
import { dim, tensor } from '../../src/ir/types.js';
import { createDraws, fillType } from '../support/sampleTypes.js';

const most = 3;

/** How many axes are batched, rows of the left operand, columns of the right one, and summed. */
const kinds = [0, 1, 2].flatMap((batch) =>
  [0, 1, 2].flatMap((rows) =>
    [0, 1, 2].flatMap((columns) => [0, 1, 2].map((folded) => ({ batch, rows, columns, folded }))),
  ),
);

const small = kinds.filter(({ batch, rows, columns, folded }) => {
  const ranks = [batch + rows + folded, batch + columns + folded];
  return ranks.every((rank) => rank > 0 && rank <= most) && batch + rows + columns <= most;
});

function orders(of: readonly string[]): string[][] {
  if (of.length === 0) return [[]];
  return of.flatMap((first) => orders(of.filter((other) => other !== first)).map((rest) => [first, ...rest]));
}

/** The contractions of a kind: the axes of both operands and of the result in every order. */
function contractionsOf({ batch, rows, columns, folded }: (typeof kinds)[number]): Labels[] {
  const [b, i, j, k] = [
    ['a', 'b'].slice(0, batch),
    ['i', 'h'].slice(0, rows),
    ['j', 'l'].slice(0, columns),
    ['k', 'm'].slice(0, folded),
  ];
  return orders([...b, ...i, ...k]).flatMap((left) =>
    orders([...b, ...k, ...j]).flatMap((right) => orders([...b, ...i, ...j]).map((out) => ({ left, right, out }))),
  );
}

const sizesOf = {
  'of different sizes': { a: 2, b: 3, i: 4, h: 5, j: 6, l: 7, k: 8, m: 9 } as Readonly<Record<string, number>>,
  'of one size': Object.fromEntries([...'abihjlkm'].map((letter) => [letter, 2])),
};

/** The operand of these axes: `x_ik`. */
const called = (side: 'x' | 'y', labels: readonly string[]): string => `${side}_${labels.join('')}`;

function leaf(node: Node): number[] {
  const seed = [...(leafName(node) ?? '')].reduce((sum, c) => (sum * 31 + (c.codePointAt(0) ?? 0)) % 2 ** 30, 7);
  return fillType(node.type, createDraws(seed));
}

const sizes = {};

/** As the language writes it, and as mathematics does. */
function writtenOf(nodes: readonly Node[]): { readonly nn: string; readonly math: string }[] {
  const write = createWriter((node) => leafName(node));
  return nodes.map((node) => ({ nn: printFormula(write(node), 'model'), math: printFormula(write(node), 'math') }));
}

/** The lettered sum: `Σ_k x_ik[i, k] · y_kj[k, j]`. */
function letteredSum({ left, right, out }: Labels): string {
  const over = left.filter((label) => !out.includes(label));
  const sum = over.length === 0 ? '' : over.length === 1 ? `Σ_${over[0]} ` : `Σ_{${over.join(',')}} `;
  return `${sum}${called('x', left)}[${left.join(', ')}] · ${called('y', right)}[${right.join(', ')}]`;
}

/** `xᵀ y` of `transpose(x) @ y`. */
const sideBySide = (nn: string): string => nn.replaceAll(/transpose\((\w+)\)/g, '$1ᵀ').replace(' @ ', ' ');

describe.each(Object.entries(sizesOf))('contractions %s', (_, sizeOf) => {
  it.each(small)('with axes batched: $batch, rows: $rows, columns: $columns, summed: $folded', (kind) => {
    const all = contractionsOf(kind);
    const g = createBuilder();
    const operand = (side: 'x' | 'y', labels: readonly string[]): Node => {
      const type = tensor(labels.map((label) => dim(constant(sizeOf[label]))));
      return g.make(input, [], { name: called(side, labels), type });
    };
    const nodes = all.map((labels) =>
      g.make(contract, [operand('x', labels.left), operand('y', labels.right)], labels),
    );
    const forms = writtenOf(nodes);
    const operands = [...new Set(nodes.flatMap((node) => node.inputs))];
    const text = [
      'model contractions {',
      ...operands.map((node) => `  input ${leafName(node)}: [${shapeOf(node).join(', ')}]`),
      ...forms.map(({ nn }, n) => `  output z_${n} = ${nn}`),
      '}',
    ].join('\n');
    const { model, diagnostics } = check({ file: 'contractions.nn', text });
    expect(
      diagnostics.map(({ message }) => message),
      text,
    ).toEqual([]);
    const outputs = model?.evaluation.outputs.map(({ node }) => node) ?? [];
    expect(outputs.map(shapeOf)).toEqual(nodes.map(shapeOf));
    const [expected, found] = [nodes, outputs].map((each) => evaluate(each, { leaf, sizes }));
    const wrong = forms.filter((_, n) => expected[n].some((value, at) => Math.abs(value - found[n][at]) > 1e-4));
    expect(wrong).toEqual([]);
    expect(forms.map(({ math }) => math)).toEqual(
      forms.map(({ nn }, n) => (nn.includes('@') ? sideBySide(nn) : letteredSum(all[n]))),
    );
  });
});

function shapeOf({ type }: Node): string[] {
  return type.shape.map(({ size }) => printIndex(size));
}

describe('what is a product of matrices', () => {
  const nnOf = (left: string, right: string, out: string): string => {
    const g = createBuilder();
    const operand = (name: string, labels: string): Node =>
      g.make(input, [], { name, type: tensor([...labels].map(() => dim(constant(2)))) });
    const labels = { left: [...left], right: [...right], out: [...out] };
    return writtenOf([g.make(contract, [operand('x', left), operand('y', right)], labels)])[0].nn;
  };

  it.each([
    ['k', 'k', '', 'x @ y'],
    ['ik', 'k', 'i', 'x @ y'],
    ['k', 'kj', 'j', 'x @ y'],
    ['ki', 'jk', 'ij', 'transpose(x) @ transpose(y)'],
    ['hik', 'kj', 'hij', 'x @ y'],
    ['bik', 'bjk', 'bij', 'x @ transpose(y)'],
    ['jk', 'ik', 'ij', 'y @ transpose(x)'],
    // Batches of vectors: `@` would take them for one matrix.
    ['bk', 'bk', 'b', 'einsum("bk,bk->b", x, y)'],
    ['bik', 'bk', 'bi', 'einsum("bik,bk->bi", x, y)'],
    ['bk', 'bkj', 'bj', 'einsum("bk,bkj->bj", x, y)'],
    ['bki', 'bk', 'bi', 'einsum("bki,bk->bi", x, y)'],
  ])('%s, %s -> %s', (left, right, out, nn) => {
    expect(nnOf(left, right, out)).toBe(nn);
  });
});
