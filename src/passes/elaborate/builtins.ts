// Every builtin: what the standard library, written in .nn, stands on.
import { elementwiseBuiltins } from './builtins/elementwise.js';
import { einsumBuiltin } from './builtins/einsum.js';
import { indexingBuiltins } from './builtins/indexing.js';
import { makingBuiltins } from './builtins/making.js';
import { reductionBuiltins } from './builtins/reductions.js';
import { rearrangeBuiltin } from './builtins/rearrange.js';
import { dataBuiltins } from './builtins/data.js';
import { settingBuiltins } from './builtins/settings.js';
import { joiningBuiltins } from './builtins/joining.js';
import { shapeBuiltins } from './builtins/shapes.js';
import { spreadingBuiltins } from './builtins/spreading.js';
import { windowBuiltins } from './builtins/windows.js';
import { wrappingBuiltins } from './builtins/wrapping.js';
import { numberValue, Scope, type Builtin, type BuiltinDefinition, type Value } from './values.js';

export const builtins: readonly Builtin[] = [
  ...elementwiseBuiltins,
  ...reductionBuiltins,
  ...shapeBuiltins,
  ...joiningBuiltins,
  ...spreadingBuiltins,
  ...windowBuiltins,
  ...makingBuiltins,
  ...indexingBuiltins,
  einsumBuiltin,
  rearrangeBuiltin,
  ...settingBuiltins,
  ...dataBuiltins,
  ...wrappingBuiltins,
].map(withParameters);

/** The names that stand for a value by themselves. */
export const constants: readonly {
  readonly name: string;
  readonly summary: string;
  readonly example: string;
  readonly value: Value;
}[] = [
  { name: 'pi', summary: '3.141592653589793.', example: 'x * pi', value: numberValue(Math.PI) },
  { name: 'inf', summary: 'Infinity.', example: 'if x > 0 then x else -inf', value: numberValue(Infinity) },
  {
    name: 'none',
    summary: 'Nothing: an argument that is left out, and a new axis of size 1 in an index, x[:, none].',
    example: 'x[:, none]',
    value: { kind: 'none' },
  },
];

/** Reads the parameters off the forms of call: those without a default must be given. */
function withParameters(definition: BuiltinDefinition): Builtin {
  const forms = definition.forms.map((form) => parametersOf(form));
  const required = forms.map((form) => form.filter((p) => !p.includes('=') && !p.endsWith('…')).length);
  return {
    ...definition,
    parameters: forms[0].map((p) => p.split('=')[0].trim()),
    required: Math.min(...required),
  };
}

/** `(x, axis = all)` as x and `axis = all`. */
function parametersOf(form: string): string[] {
  const inside = form.slice(1, -1);
  return inside === '' ? [] : inside.split(',').map((p) => p.trim());
}

/** The data source of a name, which `data = NAME(…)` means where what bears the name as well cannot be called. */
export function dataSourceNamed(name: string): Builtin | undefined {
  return builtins.find((each) => each.name === name && each.kind === 'data source');
}

/** What all of them are called. */
export const dataSources: readonly string[] = builtins.flatMap(({ name, kind }) =>
  kind === 'data source' ? [name] : [],
);

/** The outermost scope: builtins and the names of numbers. */
export function builtinScope(): Scope {
  const scope = new Scope();
  for (const builtin of builtins) scope.define(builtin.name, { kind: 'builtin', builtin });
  for (const { name, value } of constants) scope.define(name, value);
  return scope;
}
