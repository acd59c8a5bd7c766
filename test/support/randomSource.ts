// Random syntax trees, and programs as text: what a file may hold, with no meaning.
import fc from 'fast-check';
import { print, printStatement, printType } from '../../src/parser/print.js';
import type {
  BinaryOperator,
  Expression,
  Identifier,
  IndexItem,
  Setting,
  Statement,
  TypeExpression,
} from '../../src/parser/tree.js';

const span = { file: 'a.nn', start: 0, end: 0 };

// The words of a scan's own header are left out: `scan along in x` is a scan, whatever was meant.
const names = fc.constantFrom('x', 'W₁', 'σ', 'loss', 'none', 'return', 'model', 'from');
const operators = fc.constantFrom<BinaryOperator>(
  ...(['+', '-', '*', '/', '^', '@', '==', '!=', '<', '<=', '>', '>=', 'and', 'or', '|>', '>>'] as const),
);
const identifiers = names.map((name) => ({ name, span }));

export const { expression } = fc.letrec<{ expression: Expression; item: IndexItem }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(names, fc.constant('training')).map((name): Expression => ({ kind: 'name', name, span })),
    fc
      .oneof(fc.nat(), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }))
      .map((value): Expression => ({ kind: 'number', value: Math.abs(value), span })),
    fc.string({ unit: 'grapheme' }).map((value): Expression => ({ kind: 'string', value, span })),
    fc.boolean().map((value): Expression => ({ kind: 'boolean', value, span })),
    fc.array(tie('expression'), { maxLength: 3 }).map((items): Expression => ({ kind: 'list', items, span })),
    fc
      .record({ operator: operators, left: tie('expression'), right: tie('expression') })
      .map((parts): Expression => ({ kind: 'binary', ...parts, operatorSpan: span, span })),
    fc
      .record({ operator: fc.constantFrom('-' as const, 'not' as const), operand: tie('expression') })
      .map((parts): Expression => ({ kind: 'unary', ...parts, span })),
    fc
      .record({ condition: tie('expression'), then: tie('expression'), else: tie('expression') })
      .map((parts): Expression => ({ kind: 'if', ...parts, span })),
    fc
      .record({
        callee: tie('expression'),
        positional: fc.array(tie('expression'), { maxLength: 2 }),
        named: fc.array(fc.record({ name: identifiers, value: tie('expression') }), { maxLength: 2 }),
      })
      .map(({ callee, positional, named }): Expression => {
        return { kind: 'call', callee, arguments: [...positional.map((value) => ({ value })), ...named], span };
      }),
    fc
      .record({ of: tie('expression'), items: fc.array(tie('item'), { minLength: 1, maxLength: 3 }) })
      .map((parts): Expression => ({ kind: 'index', ...parts, span })),
    fc
      .record({ from: tie('expression'), to: tie('expression') })
      .map((parts): Expression => ({ kind: 'range', ...parts, span })),
    fc
      .record({
        sequences: fc.array(fc.record({ name: identifiers, of: tie('expression') }), { minLength: 1, maxLength: 2 }),
        along: fc.option(tie('expression'), { nil: undefined }),
        backwards: fc.boolean(),
        carried: fc.array(fc.record({ name: identifiers, start: tie('expression') }), { maxLength: 2 }),
        emitted: tie('expression'),
      })
      .map(({ emitted, ...parts }): Expression => {
        return { kind: 'scan', ...parts, body: [{ kind: 'emit', values: [emitted], span }], span };
      }),
  ),
  item: fc.oneof(
    tie('expression').map((value): IndexItem => ({ kind: 'at', value, span })),
    fc.constant<IndexItem>({ kind: 'ellipsis', span }),
    fc
      .record({ from: tie('expression'), to: tie('expression'), step: tie('expression') }, { requiredKeys: [] })
      .map((parts): IndexItem => ({ kind: 'slice', ...parts, span })),
  ),
}));

/** Without spans and absent fields. */
export function bare(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, part: unknown) => (key === 'span' || key === 'operatorSpan' ? undefined : part)),
  );
}

// ---- statements and declarations -----------------------------------------------------------------

const plain = fc.constantFrom('a', 'W₁', 'σ', 'rate', '隠れ', 'x').map((name): Identifier => ({ name, span }));

const type: fc.Arbitrary<TypeExpression> = fc
  .record({
    element: fc.option(
      fc.oneof(
        fc.constantFrom({ kind: 'f32' as const }, { kind: 'bool' as const }),
        expression.map((size) => ({ kind: 'index' as const, size })),
      ),
      { nil: undefined },
    ),
    shape: fc.array(
      fc.oneof(
        fc.constant({ kind: 'ellipsis' as const, span }),
        expression.map((value) => ({ kind: 'size' as const, span, value })),
      ),
      { maxLength: 3 },
    ),
  })
  .map((parts) => ({ ...parts, span }));

const values = fc.array(expression, { minLength: 1, maxLength: 3 });
const initial = fc.record({ kind: fc.constantFrom('value' as const, 'draw' as const), value: expression });
const text = fc.string({ unit: 'grapheme' }).map((value) => ({ value, span }));

const setting: fc.Arbitrary<Setting> = fc
  .record({
    name: plain,
    patterns: fc.option(fc.array(text, { minLength: 1, maxLength: 2 }), { nil: undefined }),
    value: expression,
  })
  .map(({ name, patterns, value }) => ({
    span,
    name: patterns === undefined ? name : { name: 'optimizer', span },
    ...(patterns && { patterns }),
    value,
  }));

function statements(...more: readonly fc.Arbitrary<Statement>[]): fc.Arbitrary<readonly Statement[]> {
  const one = fc.oneof(
    fc
      .record({ names: fc.array(plain, { minLength: 1, maxLength: 3 }), value: expression })
      .map((parts): Statement => ({ kind: 'binding', ...parts, span })),
    fc
      .record({ frozen: fc.boolean(), name: plain, type, initial })
      .map((parts): Statement => ({ kind: 'param', ...parts, span })),
    fc.record({ name: plain, type, initial }).map((parts): Statement => ({ kind: 'state', ...parts, span })),
    fc.record({ name: plain, value: expression }).map((parts): Statement => ({ kind: 'replace', ...parts, span })),
    fc.record({ condition: expression, text }).map((parts): Statement => ({ kind: 'require', ...parts, span })),
    ...more,
  );
  return fc.array(one, { maxLength: 3 });
}

const named = fc.record({ name: plain, value: expression });
const inLayers = fc
  .tuple(
    statements(named.map((parts): Statement => ({ kind: 'observe', ...parts, span }))),
    values.map((parts): Statement => ({ kind: 'return', values: parts, span })),
  )
  .map(([body, last]) => [...body, last]);
const inOptimizers = statements(
  fc.record({ name: plain, initial: expression }).map((parts): Statement => ({ kind: 'slot', ...parts, span })),
);
const inModels = statements(
  fc.record({ name: plain, type }).map((parts): Statement => ({ kind: 'input', ...parts, span })),
  plain.map((name): Statement => ({ kind: 'output', name, span })),
  named.map((parts): Statement => ({ kind: 'output', ...parts, span })),
  named.map((parts): Statement => ({ kind: 'loss', ...parts, span })),
  named.map((parts): Statement => ({ kind: 'metric', ...parts, span })),
  expression.map((value): Statement => ({ kind: 'loss', value, span })),
  fc
    .record({ name: plain, settings: fc.array(setting, { maxLength: 4 }) }, { requiredKeys: ['settings'] })
    .map((parts): Statement => ({ kind: 'train', ...parts, span })),
);

const block = (body: readonly Statement[]): string => `{\n${body.map(printStatement).join('\n')}\n}`;
const list = (items: readonly Expression[]): string => items.map(print).join(', ');

const parameters = fc
  .array(fc.record({ name: plain, type, default: expression }, { requiredKeys: ['name'] }), { maxLength: 4 })
  .map((all) => {
    const each = all.map(
      ({ name, type: of, default: value }) =>
        name.name + (of === undefined ? '' : `: ${printType(of)}`) + (value === undefined ? '' : ` = ${print(value)}`),
    );
    return `(${each.join(', ')})`;
  });

const body = fc.oneof(
  inLayers.map((all) => ` ${block(all)}`),
  values.map((all) => ` = ${list(all)}`),
);

const declaration = fc.oneof(
  fc
    .array(plain, { maxLength: 3 })
    .map((names) => `import { ${names.map(({ name }) => name).join(', ')} } from "./other.nn"`),
  fc
    .tuple(
      fc.constantFrom('fn', 'layer'),
      plain,
      fc.oneof(parameters, fc.tuple(parameters, parameters)),
      fc.array(type, { maxLength: 2 }),
      body,
    )
    .map(([word, { name }, given, types, of]) => {
      const result = types.length === 0 ? '' : ` -> ${types.map(printType).join(', ')}`;
      return `${word} ${name}${[given].flat().join('')}${result}${of}`;
    }),
  fc.tuple(plain, parameters, body).map(([{ name }, given, of]) => `gradient ${name}${given}${of}`),
  fc.tuple(plain, parameters, inOptimizers).map(([{ name }, given, of]) => `optimizer ${name}${given} ${block(of)}`),
  fc
    .tuple(plain, fc.option(parameters, { nil: '' }), inModels)
    .map(([{ name }, given, of]) => `model ${name}${given} ${block(of)}`),
  named.map(({ name, value }) => `${name.name} = ${print(value)}`),
);

/** Files as text, each statement on a line. A few are no programs: words of the language may be names at most places. */
export const program = fc.array(declaration, { maxLength: 2 }).map((all) => all.join('\n'));
