// Products as mathematics writes them: one number first, what constants divide last, no factor 1, x² for x ⊙ x.
import { withoutMasks } from './masks.js';
import { printNumber } from './numbers.js';
import { constant as toIndex, constantOf, div as divided, product as sizes, type Index } from '../index.js';
import {
  apply,
  axesSetting,
  infix,
  number,
  operators,
  power,
  prefix,
  seen,
  sizeFormula,
  binding,
  type Formula,
  type FormulaOf,
} from './tree.js';

/** What a product is made of. */
export interface Factor {
  readonly of: Formula;
  /** How it is joined to what stands before it. */
  readonly by: 'times' | 'elementwise' | 'div';
}

export interface Product {
  readonly number: number;
  readonly factors: readonly Factor[];
  /** Numbers and sizes that all of it is divided by. */
  readonly under: readonly Formula[];
}

/** A product in its usual form; the same formula where it has it. */
export function usualProduct(formula: FormulaOf<'infix'> & Formula, plain: (of: Formula) => Formula): Formula {
  const product = withoutMasksIn(productOf(formula, plain), formula);
  const whole = formula.node?.role.kind === 'cotangent' ? writtenFraction(product) : writtenProduct(product);
  if (!whole) return formula;
  return formula.node ? { ...whole, node: formula.node } : whole;
}

/** Of a derivative a factor that says nothing new is not written, and numbers are reduced; what an author wrote stays. */
export function withoutMasksIn(product: Product, of: Formula): Product {
  return of.node?.role.kind === 'cotangent' ? reduced({ ...product, factors: withoutMasks(product.factors) }) : product;
}

/** 2 · x / (8 · batch) is x / (4 · batch). */
function reduced(product: Product): Product {
  const { number: by, under } = product;
  if (!Number.isInteger(by)) return product;
  for (const [i, each] of under.entries()) {
    const count = countOf(each);
    const whole = count?.terms.length === 1 ? count.terms[0].factor : 1;
    const common = commonDivisor(Math.abs(by), whole);
    if (!count || common <= 1) continue;
    const rest = divided(count, toIndex(common));
    const left = constantOf(rest);
    const said = left === undefined ? [sizeFormula(rest)] : left === 1 ? [] : [number(left)];
    return reduced({ ...product, number: by / common, under: under.flatMap((other, n) => (n === i ? said : [other])) });
  }
  return product;
}

/** What a whole number or a size counts. */
function countOf(formula: Formula): Index | undefined {
  const of = seen(formula);
  if (of.kind === 'size') return of.of;
  return of.kind === 'number' && Number.isInteger(of.value) && of.value > 0 ? toIndex(of.value) : undefined;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** A product as it is written; undefined where it has no factors but numbers, or is not finite. */
export function writtenProduct(product: Product): Formula | undefined {
  return written(meansIn(cancelled(product)));
}

/** The same of a derivative, as one fraction: x ⊙ y / (n · z) for x / z ⊙ y / n. */
export function writtenFraction(product: Product): Formula | undefined {
  return written(asFraction(meansIn(cancelled(product))));
}

function asFraction(product: Product): Product {
  const below = product.factors.filter(({ by }) => by === 'div');
  if (below.length + product.under.length < 2) return product;
  const under = [
    ...product.under.map((of): Factor => ({ of, by: 'times' })),
    ...below.map(({ of }): Factor => ({ of, by: of.node?.type.shape.length === 0 ? 'times' : 'elementwise' })),
  ];
  const [first, ...rest] = squares(under);
  const whole = rest.reduce<Formula>(
    // Between a number and a tensor stands a dot, as everywhere.
    (left, { of, by }, i) => infix(i < product.under.length ? 'times' : by, left, of),
    first.of,
  );
  const above = product.factors.filter(({ by }) => by !== 'div');
  return above.length > 0
    ? { ...product, factors: above, under: [whole] }
    : { ...product, factors: [{ of: whole, by: 'div' }], under: [] };
}

function written({ number: by, factors, under }: Product): Formula | undefined {
  const last = factors.at(-1);
  if (!last || !Number.isFinite(by)) return undefined;
  const joined = squares(factors);
  const [first, ...rest] = joined;
  const isInverse = first.by === 'div';
  const sign = by < 0 ? -1 : 1;
  const lead = Math.abs(by) === 1 && !isInverse ? undefined : number(by);
  const head = isInverse
    ? infix('div', lead ?? number(by), first.of)
    : lead
      ? infix('times', lead, first.of)
      : first.of;
  const joinedUp = rest.reduce<Formula>((left, { of, by: operator }) => infix(operator, left, of), head);
  const signed = lead === undefined && sign < 0 ? prefix('neg', joinedUp) : joinedUp;
  return under.reduce<Formula>((left, of) => infix('div', left, of), signed);
}

/** Is it written with a sign of products, other than that of matrices? */
export function isProduct(formula: Formula): formula is FormulaOf<'infix'> & Formula {
  return (
    formula.kind === 'infix' && formula.operator !== 'matrix' && operators[formula.operator].level === binding.product
  );
}

/** n · x / n is x, n being a size. */
function cancelled(product: Product): Product {
  const { factors, under } = product;
  for (const [i, factor] of factors.entries()) {
    const of = seen(factor.of);
    if (of.kind !== 'size' || factor.by === 'div') continue;
    const at = under.findIndex((each) => isCount(each, of.of));
    if (at < 0) continue;
    return cancelled({
      ...product,
      factors: factors.filter((_, n) => n !== i),
      under: under.filter((_, n) => n !== at),
    });
  }
  return product;
}

/** Σ x / n is the mean of x, n being how many there are. */
function meansIn(product: Product): Product {
  const { number: by, factors, under } = product;
  for (const [i, factor] of factors.entries()) {
    const of = seen(factor.of);
    if (of.kind !== 'sum' || factor.by === 'div' || of.axes.length === of.shape.length) continue;
    const count = sizes(of.axes.map((axis) => of.shape[axis].size));
    const known = constantOf(count);
    const at = under.findIndex((each) => isCount(each, count));
    if (at < 0 && (known === undefined || known === 1 || Math.abs(by * known - Math.sign(by)) > 1e-6)) continue;
    // Axes of one element are not seen.
    const axes = of.axes.filter((axis) => constantOf(of.shape[axis].size) !== 1);
    const mean = apply('mean', [of.of], { settings: [axesSetting(axes, of.shape)] });
    return {
      number: at < 0 ? Math.sign(by) : by,
      factors: factors.map((each, n) => (n === i ? { ...each, of: mean } : each)),
      under: at < 0 ? under : under.filter((_, n) => n !== at),
    };
  }
  return product;
}

function isCount(formula: Formula, count: Index): boolean {
  const of = seen(formula);
  return of.kind === 'size' ? of.of.key === count.key : of.kind === 'number' && of.value === constantOf(count);
}

/** A formula as a product, of itself alone where it is none. */
export function productOf(formula: Formula, plain: (of: Formula) => Formula): Product {
  const of = plain(formula);
  if (of.kind === 'number') return { number: of.value, factors: [], under: [] };
  if (of.kind === 'prefix' && of.operator === 'neg') {
    const inner = productOf(of.of, plain);
    return { ...inner, number: -inner.number };
  }
  if (of.kind === 'sum' && of.node?.role.kind === 'cotangent') return summed(of, plain);
  if (!isProduct(of)) return { number: 1, factors: [{ of: formula, by: 'times' }], under: [] };
  const left = productOf(of.left, plain);
  if (of.operator === 'div') {
    const right = plain(of.right);
    if (isConstant(right)) return { ...left, under: [...left.under, right] };
    return { ...left, factors: [...left.factors, { of: of.right, by: 'div' }] };
  }
  const right = productOf(of.right, plain);
  const [head, ...rest] = right.factors;
  const by = of.operator === 'times' || of.operator === 'elementwise' ? of.operator : 'elementwise';
  const factors = head ? [...left.factors, { ...head, by: head.by === 'div' ? head.by : by }, ...rest] : left.factors;
  const product = together(left.number, right.number);
  if (product === undefined)
    return {
      number: left.number,
      factors: [...left.factors, { of: number(right.number), by: 'times' }, ...factors.slice(left.factors.length)],
      under: [...left.under, ...right.under],
    };
  return { number: product, factors, under: [...left.under, ...right.under] };
}

/** Σ 10 · x is 10 · Σ x. */
function summed(of: FormulaOf<'sum'> & Formula, plain: (of: Formula) => Formula): Product {
  const { number: by, ...inner } = productOf(of.of, plain);
  const rest = by === 1 ? undefined : writtenProduct({ number: 1, ...inner });
  const whole = rest && of.of.node ? { ...of, of: { ...rest, node: of.of.node } } : of;
  return { number: rest ? by : 1, factors: [{ of: whole, by: 'times' }], under: [] };
}

/** The product of two numbers; undefined where it has more digits than both together. */
function together(a: number, b: number): number | undefined {
  const product = a * b;
  const digits = (value: number): number => printNumber(value).length;
  return digits(product) <= digits(a) + digits(b) ? product : undefined;
}

/** Numbers, run-time sizes and their roots. */
function isConstant(formula: Formula): boolean {
  const of = seen(formula);
  if (of.kind === 'number' || of.kind === 'size' || (of.kind === 'name' && of.title.word === 'π')) return true;
  if (of.kind === 'apply') return of.name === 'sqrt' && of.args.every(isConstant);
  return isProduct(of) && isConstant(of.left) && isConstant(of.right);
}

/** x ⊙ x is x². */
function squares(factors: readonly Factor[]): readonly Factor[] {
  const found: Factor[] = [];
  for (const factor of factors) {
    const last = found.at(-1);
    const [a, b] = [last && seen(last.of), seen(factor.of)];
    const isSame = a?.kind === 'name' && b.kind === 'name' && a.node !== undefined && a.node === b.node;
    if (last && isSame && factor.by === 'elementwise' && last.by !== 'div')
      found[found.length - 1] = { ...last, of: power(last.of, 2) };
    else found.push(factor);
  }
  return found;
}
