// Sums of derivatives as mathematics writes them: like terms added up, what terms share outside, a difference for what is negative. What a
// model computes stays as its author wrote it.
import { formulaKey } from './key.js';
import { productOf, withoutMasksIn, writtenFraction, type Factor, type Product } from './products.js';
import { infix, number, operators, prefix, binding, seen, type Formula, type FormulaOf } from './tree.js';

/** A formula at its top, as it is seen. */
type Plain = (of: Formula) => Formula;

export type Sum = FormulaOf<'infix'> & Formula;

/** Is it a sum or a difference? */
export function isSum(formula: Formula): formula is Sum {
  return formula.kind === 'infix' && operators[formula.operator].level === binding.sum;
}

/** Is it a sum that differentiation made, rather than one that an author wrote? */
export function isDerivedSum(formula: Formula): formula is Sum {
  return isSum(formula) && formula.node?.role.kind === 'cotangent';
}

/** A sum in its usual form. */
export function usualSum(formula: Sum, plain: Plain): Formula {
  return written(gathered(liked(termsOf(formula, 1, plain))));
}

/** The terms of a sum with their signs; what its author wrote as a sum is one term. */
function termsOf(formula: Formula, sign: 1 | -1, plain: Plain): Product[] {
  const of = seen(formula);
  if (isDerivedSum(of)) {
    const right = of.operator === 'add' ? sign : sign === 1 ? -1 : 1;
    return [...termsOf(of.left, sign, plain), ...termsOf(of.right, right, plain)];
  }
  if (of.kind === 'prefix' && of.operator === 'neg' && isDerivedSum(seen(of.of)))
    return termsOf(of.of, sign === 1 ? -1 : 1, plain);
  const term = withoutMasksIn(productOf(formula, plain), of);
  return [{ ...term, number: sign * term.number }];
}

const factorKey = ({ of, by }: Factor): string => `${by === 'div' ? '/' : ''}${formulaKey(of)}`;

/** What it is a multiple of. */
function coreKey({ factors, under }: Product): string {
  return JSON.stringify([factors.map(factorKey).sort(), under.map(formulaKey).sort()]);
}

/** 0.2 · W + 0.02 · W is 0.22 · W. */
function liked(terms: readonly Product[]): Product[] {
  const found = new Map<string, Product>();
  for (const term of terms) {
    const key = coreKey(term);
    const known = found.get(key);
    found.set(key, known ? { ...known, number: known.number + term.number } : term);
  }
  const left = [...found.values()].filter((term) => term.number !== 0);
  return left.length > 0 ? left : [{ number: 0, factors: [], under: [] }];
}

/** Terms among which no two share a factor: those that do are a product with a sum. */
function gathered(terms: readonly Product[]): Product[] {
  if (terms.length < 2) return [...terms];
  const shared = mostShared(terms);
  if (!shared) return [...terms];
  const inside = terms.filter((term) => shared.has(term));
  const { common, rests } = apart(inside);
  const sum = written(gathered(rests));
  // a · b is of scalars, a ⊙ b of tensors.
  const by = isScalar(common) || rests.every(isScalar) ? 'times' : 'elementwise';
  const joined = common.factors.filter((factor) => factor.by !== 'div');
  const divided = common.factors.filter((factor) => factor.by === 'div');
  const product: Product = {
    number: common.number,
    factors: [...joined, { of: sum, by: joined.length === 0 ? 'times' : by }, ...divided],
    under: common.under,
  };
  const first = terms.findIndex((term) => shared.has(term));
  const others = terms.flatMap((term, i) => (i === first ? [product] : shared.has(term) ? [] : [term]));
  return gathered(others);
}

/** The terms that share a factor which most have; what all are divided by counts before all. */
function mostShared(terms: readonly Product[]): ReadonlySet<Product> | undefined {
  const having = new Map<string, Set<Product>>();
  const note = (key: string, term: Product): void => {
    having.set(key, (having.get(key) ?? new Set()).add(term));
  };
  for (const term of terms) {
    for (const factor of term.factors) note(factorKey(factor), term);
    for (const each of term.under) note(`/ ${formulaKey(each)}`, term);
  }
  let most: Set<Product> | undefined;
  for (const [key, set] of having) {
    // What only some are divided by stays where it is.
    if (set.size < 2 || (key.startsWith('/ ') && set.size < terms.length)) continue;
    if (set.size > (most?.size ?? 1)) most = set;
  }
  const [first] = terms;
  const by = Math.abs(first.number);
  if (!most && by !== 1 && terms.every((term) => Math.abs(term.number) === by && term.factors.length > 0))
    return new Set(terms);
  return most;
}

/** What all terms share, and what is left of each. */
function apart(terms: readonly Product[]): { readonly common: Product; readonly rests: readonly Product[] } {
  const [first, ...others] = terms;
  const factorsOf = new Map(terms.map((term) => [term, term.factors.map(factorKey)]));
  const undersOf = new Map(terms.map((term) => [term, term.under.map(formulaKey)]));
  const take = (keys: ReadonlyMap<Product, string[]>, key: string): boolean => {
    if (!others.every((term) => keys.get(term)?.includes(key))) return false;
    for (const term of others) {
      const list = keys.get(term);
      list?.splice(list.indexOf(key), 1);
    }
    return true;
  };
  const factors = first.factors.filter((factor) => take(factorsOf, factorKey(factor)));
  const under = first.under.filter((each) => take(undersOf, formulaKey(each)));
  const by = Math.abs(first.number);
  const common = terms.every((term) => Math.abs(term.number) === by) ? by : 1;
  const rests = terms.map((term) => ({
    number: term.number / common,
    factors: without(term.factors, factors, factorKey),
    under: without(term.under, under, formulaKey),
  }));
  return { common: { number: common, factors, under }, rests };
}

/** A list without as many of each as another one has. */
function without<T>(list: readonly T[], taken: readonly T[], keyOf: (of: T) => string): T[] {
  const left = taken.map(keyOf);
  return list.filter((each) => {
    const at = left.indexOf(keyOf(each));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

function isScalar({ factors }: Product): boolean {
  return factors.every(({ of }) => of.node === undefined || of.node.type.shape.length === 0);
}

/** Terms one after another, a positive one first. */
function written(terms: readonly Product[]): Formula {
  const positive = terms.findIndex((term) => term.number > 0);
  const [first, ...rest] =
    positive <= 0 ? terms : [terms[positive], ...terms.slice(0, positive), ...terms.slice(positive + 1)];
  const head = first.number < 0 ? prefix('neg', text({ ...first, number: -first.number })) : text(first);
  return rest.reduce<Formula>(
    (left, term) => infix(term.number < 0 ? 'sub' : 'add', left, text({ ...term, number: Math.abs(term.number) })),
    head,
  );
}

function text(term: Product): Formula {
  return writtenFraction(term) ?? term.under.reduce<Formula>((left, of) => infix('div', left, of), number(term.number));
}
