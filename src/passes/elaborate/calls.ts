// Calls: configuration, then data; layers own parameters, functions do not.
import * as messages from '../../diagnostics/elaboration.js';
import type { Span } from '../../diagnostics/diagnostic.js';
import type { Origin } from '../../ir/graph.js';
import { sameShape } from '../../ir/types.js';
import type { Argument, Definition, Identifier, Parameter } from '../../parser/tree.js';
import { checkArguments } from './arguments.js';
import { runBody } from './bodies.js';
import { evaluate } from './expressions.js';
import { fail, Naming, placed, spend, type Context, type Frame } from './frame.js';
import { nearest } from './names.js';
import { withOwnGradient } from './ownGradients.js';
import { match, nameAxes } from './patterns.js';
import { configuredByData, misapplied, toNode } from './tensors.js';
import {
  describe,
  instanceOf,
  Scope,
  tensorValue,
  unknown,
  type BuiltinCall,
  type Composition,
  type FunctionValue,
  type Given,
  type Manner,
  type Repeat,
  type Value,
} from './values.js';
import { wordIn } from './words.js';
import { applyWrapped } from './wrapped.js';

/** More calls inside one another than this are a recursion, and so are more than these of one function. */
const deepest = 200;
const mostOfOne = 40;

function timesUnderWay(definition: Definition, { calls }: Context): number {
  return calls.length <= mostOfOne ? 0 : calls.filter((c) => c.definition === definition).length;
}

/** Evaluates the arguments of a call. Definitions in two steps stand for their default configuration, where none is wanted. */
export function givenOf(list: readonly Argument[], callee: Value, frame: Frame): Given[] {
  const wanted = definitionsWanted(callee);
  let position = 0;
  return list.map((argument) => {
    const word = callee.kind === 'builtin' && wordIn(argument, callee.builtin, (name) => !!frame.scope.find(name));
    const value: Value = word ? { kind: 'string', value: word.name } : evaluate(argument.value, frame);
    const taken = wanted.has(argument.name?.name ?? position++);
    return {
      ...(argument.name && { name: argument.name.name, place: argument.name.span }),
      written: argument.value,
      value: taken ? value : configured(value, frame, argument.value.span),
      span: argument.value.span,
    };
  });
}

/** The parameters, by name and by position, that take a definition as it is: `project = dense` is configured where it is used. */
function definitionsWanted(callee: Value): ReadonlySet<string | number> {
  if (callee.kind !== 'function') return new Set();
  const { definition, scope } = callee;
  const parameters = needsConfiguration(callee) ? (definition.configuration ?? []) : definition.parameters;
  return new Set(parameters.flatMap((p, i) => (takesDefinition(p, scope) ? [p.name.name, i] : [])));
}

/** Its default is a definition that stands for nothing without a configuration. */
function takesDefinition({ default: expression }: Parameter, scope: Scope): boolean {
  const value = expression?.kind === 'name' ? scope.find(expression.name) : undefined;
  return value?.kind === 'function' && needsConfiguration(value) && unset(value) !== undefined;
}

/** The first parameter of its configuration that has no default. */
function unset({ definition }: FunctionValue): Parameter | undefined {
  return definition.configuration?.find((p) => !p.default);
}

/** `callee(arguments)`: gives a definition in two steps its configuration, applies anything else. */
export function call(callee: Value, list: readonly Given[], span: Span, frame: Frame): Value {
  if (
    callee.kind === 'unknown' ||
    list.some((g) => g.value.kind === 'unknown' && g.name === undefined && callee.kind === 'builtin')
  )
    return unknown;
  if (callee.kind === 'function' && needsConfiguration(callee)) {
    const { definition } = callee;
    const configuration = definition.configuration ?? [];
    const [known, data] = [configuration, definition.parameters].map((all) => all.map((p) => p.name.name));
    const given = list.flatMap((g) => g.name ?? []);
    if (
      list.length - given.length > known.length ||
      given.some((name) => !known.includes(name) && data.includes(name))
    ) {
      const meant = misapplied(definition, list, span);
      if (meant) return fail(frame, meant);
    }
    checkArguments(definition.name.name, configuration, list, span, frame);
    return {
      ...callee,
      configuration: list,
      configuredAt: span,
      ...(callee.definition.kind === 'layer' && { instance: {} }),
    };
  }
  if (callee.kind === 'optimizer' && !callee.arguments) {
    checkArguments(callee.declaration.name.name, callee.declaration.parameters, list, span, frame);
    return { ...callee, arguments: list, configuredAt: span };
  }
  return apply(callee, list, span, frame);
}

/** Applies a function or layer to its data. */
export function apply(callee: Value, list: readonly Given[], span: Span, frame: Frame): Value {
  switch (callee.kind) {
    case 'builtin':
      return applyBuiltin(callee.builtin.name, callee, list, span, frame);
    case 'function':
      return applyFunction(callee, list, span, frame);
    case 'composition':
      return applyComposition(callee, list, span, frame);
    case 'repeat':
      return applyRepeat(callee, list, span, frame);
    case 'wrapped':
      return applyWrapped(callee, list, span, frame, apply);
    case 'unknown':
      return unknown;
    default:
      return fail(
        frame,
        messages.notAFunction({
          what: describe(callee),
          span,
          help: callee.kind === 'tensor' ? 'elements are taken in brackets: x[0]' : undefined,
        }),
      );
  }
}

function needsConfiguration(value: FunctionValue): boolean {
  return value.definition.configuration !== undefined && value.configuration === undefined;
}

/** A definition in two steps named without parentheses stands for its default configuration. */
export function configured(value: Value, frame: Frame, span: Span): Value {
  if (value.kind !== 'function' || !needsConfiguration(value)) return value;
  const { definition } = value;
  const missing = unset(value);
  if (missing)
    return fail(frame, messages.missingArgument({ callee: definition.name.name, name: missing.name.name, span }));
  return { ...value, configuration: [], ...(definition.kind === 'layer' && { instance: {} }) };
}

/** Binds arguments to parameters in a scope: those given first, so that defaults may use what the data binds. */
export function bindConfiguration(
  parameters: readonly Parameter[],
  given: ReadonlyMap<string, Given>,
  frame: Frame,
): void {
  for (const { name } of parameters)
    if (given.has(name.name)) bound(name, given.get(name.name)?.value ?? unknown, frame);
}

/** A parameter gets its value. */
function bound({ name, span }: Identifier, value: Value, { scope, context }: Frame): void {
  scope.define(name, value);
  context.note?.(span, value);
}

/** What was not given, in order: a default may use what stands before it, and a type says of it what it says of an argument. */
export function bindDefaults(parameters: readonly Parameter[], given: ReadonlyMap<string, Given>, frame: Frame): void {
  for (const parameter of parameters) {
    const { name, type, default: expression } = parameter;
    if (given.has(name.name) || !expression) continue;
    const value = evaluate(expression, frame);
    if (type && value.kind === 'tensor') match(frame, type, value.node, name.name, expression.span);
    bound(name, takesDefinition(parameter, frame.scope) ? value : configured(value, frame, expression.span), frame);
  }
}

function applyFunction(callee: FunctionValue, list: readonly Given[], span: Span, frame: Frame): Value {
  const { definition, instance } = callee;
  const name = definition.name.name;
  const { context } = frame;
  spend(frame, 1, span);
  if (context.calls.length > deepest || timesUnderWay(definition, context) > mostOfOne)
    return fail(frame, messages.tooDeep({ name, span }));
  const data = checkArguments(name, definition.parameters, list, span, frame, !definition.configuration);
  const configuration = checkArguments(name, definition.configuration ?? [], callee.configuration ?? [], span, frame);
  if ([...data.values()].some((g) => g.value.kind === 'unknown')) return unknown;
  const scope = new Scope(callee.scope);
  const naming = namingOf(callee, instance, frame);
  const isLayer = definition.kind === 'layer';
  const place = isLayer ? naming.prefix : frame.naming.placeOf(name);
  const inner: Frame = {
    ...frame,
    scope,
    naming,
    binding: undefined,
    inFunction: (!isLayer && (frame.inFunction || context.isLibrary(definition.name.span.file))) || undefined,
    origin: frame.origin && { ...calledFrom(frame.origin, name, place), path: naming.prefix },
  };
  context.calls.push({
    name,
    path: naming.prefix,
    span,
    arguments: list.map((g) => g.span),
    definition,
    ...(callee.configuredAt && { configured: { span: callee.configuredAt, names: [...configuration.keys()] } }),
  });
  try {
    const run = (): Value => {
      bindConfiguration(definition.configuration ?? [], configuration, inner);
      bindData(definition, data, inner);
      bindDefaults(definition.configuration ?? [], configuration, inner);
      bindDefaults(definition.parameters, data, inner);
      const value = checkResult(definition, runBody(definition.body, inner, name), inner);
      return withOwnGradient(callee, value, scope, inner, span);
    };
    const result = placed(frame, place, () => context.g.at(inner.origin, run));
    placeInput(list, result, frame);
    return result;
  } finally {
    context.calls.pop();
  }
}

/** What an activation is applied to, where it is an expression of its own, as in `a = sigmoid(x @ W + b)`. */
function placeInput(list: readonly Given[], result: Value, frame: Frame): void {
  const { inFunction, naming } = frame;
  const nodes = list.flatMap(({ value }) => (value.kind === 'tensor' ? [value.node] : []));
  const [node] = nodes;
  if (inFunction || naming.prefix === '' || nodes.length !== 1 || result.kind !== 'tensor') return;
  if (node.inputs.length > 0 && node.place === undefined && sameShape(node.type, result.node.type))
    node.activation ??= naming.prefix;
}

/** A layer's parameters stand under its path, which its first application fixes; a function's under where it is called. */
function namingOf({ definition }: FunctionValue, instance: Instance | undefined, frame: Frame): Naming {
  if (definition.kind !== 'layer') return frame.naming;
  const path = instance?.path ?? frame.naming.path(definition.name.name);
  if (instance) instance.path = path;
  return new Naming(path);
}

type Instance = NonNullable<FunctionValue['instance']>;

function bindData(definition: Definition, data: ReadonlyMap<string, Given>, frame: Frame): void {
  for (const parameter of definition.parameters) {
    const given = data.get(parameter.name.name);
    if (!given) continue;
    const { value } = given;
    if (
      parameter.type &&
      (value.kind === 'tensor' || value.kind === 'list' || value.kind === 'number' || value.kind === 'size')
    ) {
      const node = nameAxes(frame, parameter.type, toNode(frame, value, given.span));
      match(frame, parameter.type, node, parameter.name.name, given.span);
      bound(parameter.name, tensorValue(node), frame);
    } else if (parameter.type && value.kind !== 'boolean' && value.kind !== 'none') {
      fail(
        frame,
        configuredByData(value) ??
          messages.wrongKind({
            expected: `a tensor for ${parameter.name.name}`,
            got: describe(value),
            span: given.span,
          }),
      );
    } else bound(parameter.name, value, frame);
  }
}

/** The declared types of results are checks. */
function checkResult(definition: Definition, result: Value, frame: Frame): Value {
  const values = result.kind === 'tuple' ? result.items : [result];
  definition.result?.forEach((type, i) => {
    const value = values[i];
    if (value?.kind === 'tensor')
      match(frame, type, value.node, `the result of ${definition.name.name}`, definition.body.span);
  });
  return result;
}

function applyBuiltin(
  name: string,
  callee: Extract<Value, { kind: 'builtin' }>,
  list: readonly Given[],
  span: Span,
  frame: Frame,
): Value {
  spend(frame, 1, span);
  const { builtin } = callee;
  const given = new Map<string, Given>();
  const rest = builtin.parameters.some((p) => p.endsWith('…'));
  let position = 0;
  for (const argument of list) {
    let key = argument.name ?? builtin.parameters[position++];
    if (argument.name === undefined && (key === undefined || key.endsWith('…')) && rest) key = `${position - 1}`;
    if (key === undefined)
      return fail(
        frame,
        messages.tooManyArguments({
          callee: name,
          most: builtin.parameters.length,
          got: list.length,
          span: argument.span,
        }),
      );
    if (argument.name !== undefined && !builtin.parameters.includes(key) && !rest)
      return fail(
        frame,
        messages.unknownArgument({
          callee: name,
          name: key,
          span: argument.place ?? argument.span,
          known: builtin.parameters,
          nearest: nearest(key, builtin.parameters),
        }),
      );
    // Names of one's own may be those of parameters that are given by position: rearrange(y, "b (x d) -> b x d", x = 3).
    if (rest && argument.name !== undefined && given.get(key)?.name === undefined && given.has(key)) key = `${key}…`;
    if (given.has(key))
      return fail(frame, messages.givenTwice({ callee: name, name: key, span: argument.place ?? argument.span }));
    if (argument.value.kind === 'unknown') return unknown;
    given.set(key, argument);
  }
  const required = builtin.parameters.slice(0, builtin.required).find((p) => !p.endsWith('…') && !given.has(p));
  if (required) return fail(frame, messages.missingArgument({ callee: name, name: required, span }));
  const call: BuiltinCall = { name, given, span, frame };
  // What is made of no tensor is the same wherever it stands.
  const path = list.some((g) => g.value.kind === 'tensor' || g.value.kind === 'list')
    ? frame.naming.placeOf(name)
    : name;
  const origin = frame.origin && calledFrom(frame.origin, name, path);
  const result = placed(frame, path, () => frame.context.g.at(origin, () => builtin.apply(call)));
  placeInput(list, result, frame);
  return result;
}

/** Where a call's nodes come from; `place` is its path, whose last name has the call's number. */
function calledFrom(origin: Origin, name: string, place: string): Origin {
  const site = place.slice(place.lastIndexOf('.') + 1);
  return { ...origin, calls: [...origin.calls, name], sites: [...origin.sites, site] };
}

/** f >> g: named, its layers stand under its name; unnamed, under the binding that it is applied in. */
function applyComposition(callee: Composition, list: readonly Given[], span: Span, frame: Frame): Value {
  const { path } = callee.instance;
  const inner = path === undefined ? frame : { ...frame, naming: new Naming(path) };
  return callee.parts.reduce<readonly Given[]>(
    (given, part) => [{ value: apply(part, given, span, inner), span }],
    list,
  )[0].value;
}

function applyRepeat(callee: Repeat, list: readonly Given[], span: Span, frame: Frame): Value {
  const own =
    callee.instance.path ?? (callee.blockName === undefined ? undefined : frame.naming.path(callee.blockName));
  callee.instance.path = own;
  let given = list;
  callee.copies.forEach((copy, i) => {
    const path = own === undefined ? frame.naming.path(String(i)) : `${own}.${i}`;
    const instance = instanceOf(copy);
    if (instance) instance.path ??= path;
    const origin = frame.origin && { ...frame.origin, path };
    given = [{ value: apply(copy, given, span, { ...frame, origin, naming: new Naming(path) }), span }];
  });
  return given[0].value;
}

/** A copy with parameters of its own: also those of the layers that it is configured with. */
export function separate(value: Value): Value {
  switch (value.kind) {
    case 'function':
      return {
        ...value,
        ...(value.configuration && {
          configuration: value.configuration.map((g) => ({ ...g, value: separate(g.value) })),
        }),
        ...(value.definition.kind === 'layer' && { instance: {} }),
      };
    case 'composition':
      return { ...value, parts: value.parts.map(separate), instance: {} };
    case 'repeat':
      return { ...value, copies: value.copies.map(separate), instance: {} };
    case 'wrapped':
      return { ...value, block: separate(value.block), manner: separateManner(value.manner) };
    case 'list':
      return { ...value, items: value.items.map(separate) };
    default:
      return value;
  }
}

function separateManner(manner: Manner): Manner {
  return manner.kind === 'beside' ? { ...manner, other: { ...manner.other, instance: {} } } : manner;
}
