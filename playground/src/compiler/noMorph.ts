// What stands in the site for ts-morph, which its printer does without.

/** Nothing of the site asks for it. */
export function Project(): never {
  throw new Error('the playground prints modules without ts-morph');
}

export const StructureKind = {};
export const ts = {};
