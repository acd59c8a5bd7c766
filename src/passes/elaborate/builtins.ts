// Every builtin: what the standard library, written in .nn, stands on.
import { elementwiseBuiltins } from './builtins/elementwise.js';
import { labelledBuiltins } from './builtins/labelled.js';
import { makingBuiltins } from './builtins/making.js';
import { reductionBuiltins } from './builtins/reductions.js';
import { settingBuiltins } from './builtins/settings.js';
import { shapeBuiltins } from './builtins/shapes.js';
import { Scope, type Builtin } from './values.js';

export const builtins: readonly Builtin[] = [
  ...elementwiseBuiltins,
  ...reductionBuiltins,
  ...shapeBuiltins,
  ...makingBuiltins,
  ...labelledBuiltins,
  ...settingBuiltins,
];

/** The outermost scope: builtins and the names of numbers. */
export function builtinScope(): Scope {
  const scope = new Scope();
  for (const builtin of builtins) scope.define(builtin.name, { kind: 'builtin', builtin });
  scope.define('pi', { kind: 'number', value: Math.PI });
  scope.define('inf', { kind: 'number', value: Infinity });
  scope.define('none', { kind: 'none' });
  return scope;
}
