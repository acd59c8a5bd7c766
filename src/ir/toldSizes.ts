// Which run-time sizes the shapes of inputs tell: a dimension that is linear in the only size that is not known yet tells that size.
import { add, constant, constantOf, equal, one, scale, sizesOf, sub, substitute, zero, type Index } from './index.js';
import type { Dim } from './types.js';

/** An index as factor · size + rest. */
export interface Linear {
  readonly size: string;
  readonly factor: Index;
  readonly rest: Index;
}

/** The run-time size that an index is, by itself. */
export function sizeIn({ terms: [term, ...others] }: Index): string | undefined {
  const [atom, ...more] = term?.atoms ?? [];
  return atom?.kind === 'size' && others.length + more.length === 0 && term.factor === 1 ? atom.name : undefined;
}

/** The sizes in an index that are not known yet. */
export function missing(index: Index, known: ReadonlySet<string>): string[] {
  return [...sizesOf(index)].filter((size) => !known.has(size));
}

/** The index as factor · size + rest, where one size is missing and the index is linear in it. */
export function linearIn(index: Index, known: ReadonlySet<string>): Linear | undefined {
  const [size, ...others] = missing(index, known);
  if (size === undefined || others.length > 0) return undefined;
  const at = (value: Index): Index =>
    substitute(index, (part) => (part.kind === 'size' && part.name === size ? value : undefined));
  const [rest, next] = [at(zero), at(one)];
  const factor = sub(next, rest);
  if (!equal(at(constant(2)), add(rest, scale(factor, 2))) || constantOf(factor) === 0) return undefined;
  // Three points make a line unless a quotient stands in between.
  return equal(at(constant(7)), add(rest, scale(factor, 7))) ? { size, factor, rest } : undefined;
}

/** Adds to `known` what a shape tells, each size by the first dimension that it alone is missing in; what they are solved from, in order. */
export function tellSizes(
  shape: readonly Dim[],
  known: Set<string>,
): { readonly axis: number; readonly linear: Linear }[] {
  const told: { axis: number; linear: Linear }[] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    const linear = linearIn(shape[axis].size, known);
    if (!linear) continue;
    known.add(linear.size);
    told.push({ axis, linear });
    axis = -1;
  }
  return told;
}

/** The sizes that these shapes tell together. */
export function toldBy(shapes: readonly (readonly Dim[])[]): Set<string> {
  const known = new Set<string>();
  while (shapes.some((shape) => tellSizes(shape, known).length > 0));
  return known;
}
