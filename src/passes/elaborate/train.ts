// The train block: how to train, checked setting by setting.
import * as messages from '../../diagnostics/elaboration.js';
import { pendingSettings } from '../../diagnostics/pending.js';
import type { Span } from '../../diagnostics/diagnostic.js';
import type { DataField, ModelParameter, Player, Rule, Training, Update } from '../../ir/model.js';
import { tensor, typeKey } from '../../ir/types.js';
import type { Expression, Setting } from '../../parser/tree.js';
import { configured } from './calls.js';
import { evaluate } from './expressions.js';
import { atStatement, fail, type Frame } from './frame.js';
import { guarded } from './bodies.js';
import { nearest } from './names.js';
import { isDrawn, updateLike, updateOf } from './optimizers.js';
import { describe, type Value } from './values.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What numbers are read into. */
interface Settings {
  readonly training: Writable<Training>;
  readonly rule: Writable<Rule>;
}

interface NumberSetting {
  readonly expected: string;
  fits(value: number): boolean;
  set(to: Settings, value: number): void;
}

/** Counts of rows and steps are integers of 32 bits. */
const most = 2 ** 31 - 1;
const counts = (n: number): boolean => Number.isInteger(n) && n >= 1 && n <= most;
const positive = (n: number): boolean => n > 0 && n < Infinity;

const numberSettings = new Map(
  Object.entries<NumberSetting>({
    batch: {
      expected: `a whole number of rows from 1 to ${most}`,
      fits: counts,
      set: ({ training }, n) => (training.batch = n),
    },
    epochs: {
      expected: `a whole number from 1 to ${most}`,
      fits: counts,
      set: ({ training }, n) => (training.epochs = n),
    },
    seed: {
      expected: `a whole number from 0 to ${2 ** 32 - 1}`,
      fits: (n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32,
      set: ({ training }, n) => (training.seed = n),
    },
    accumulate: {
      expected: `a whole number of steps from 1 to ${most}`,
      fits: counts,
      set: ({ rule }, n) => (rule.accumulate = n),
    },
    clip_norm: { expected: 'a finite number above 0', fits: positive, set: ({ rule }, n) => (rule.clipNorm = n) },
    clip_value: { expected: 'a finite number above 0', fits: positive, set: ({ rule }, n) => (rule.clipValue = n) },
    validation: {
      expected: 'a share of the data, from 0 to below 1',
      fits: (n) => n >= 0 && n < 1,
      set: ({ training }, n) => (training.validation = n),
    },
  }),
);

const settingNames = ['optimizer', ...numberSettings.keys(), 'memory', 'freeze', 'data'];

function settingHint(name: string): string | undefined {
  const known = nearest(name, settingNames);
  if (known !== undefined) return `did you mean ${known}?`;
  if (/^(lr|learning_rate|momentum|weight_decay|beta\d|eps)$/.test(name))
    return 'it belongs to the optimizer, as in optimizer = sgd(lr = 0.1)';
  if (/^(steps|iterations|max_steps)$/.test(name)) return 'a run is counted in epochs: epochs = 10';
  if (name === 'loss' || name === 'metrics')
    return `${name === 'loss' ? 'loss' : 'metric NAME'} = … stands in the model`;
  return /^(report|start)$/.test(name)
    ? `it is an option of the trainer's fit: trainer.fit(data, { ${name}: … })`
    : undefined;
}

export interface Trained {
  readonly training: Training;
  readonly parameters: readonly ModelParameter[];
  readonly players: readonly Player[];
}

const anyParameter: ModelParameter = {
  name: 'w',
  type: tensor([]),
  initial: { kind: 'fill', value: 0 },
  trained: true,
};

export const defaults: Training = { batch: 32, epochs: 1, seed: 0, memory: 'fast', validation: 0 };

type Optimizer = Extract<Value, { kind: 'optimizer' }>;

interface Chosen {
  readonly optimizer: Optimizer;
  readonly span: Span;
  /** Of names of parameters; absent: all that no pattern matches. */
  readonly patterns?: readonly string[];
}

/** A train block as far as it has been read. */
interface Block extends Settings {
  readonly frame: Frame;
  readonly span: Span;
  /** Undefined where the model has errors. */
  readonly parameters: readonly ModelParameter[] | undefined;
  /** The same, those that are frozen marked. */
  trained: readonly ModelParameter[];
  readonly optimizers: Chosen[];
  /** Where each setting stands first, by its name and pattern. */
  readonly seen: Map<string, Span>;
}

/** Evaluates the settings over the parameters that the model came to have; undefined where it has errors. */
export function trainOf(
  settings: readonly Setting[],
  parameters: readonly ModelParameter[] | undefined,
  span: Span,
  outer: Frame,
): Trained {
  const frame: Frame = { ...outer, inTrain: true };
  const block: Block = {
    frame,
    span,
    training: { ...defaults },
    rule: { accumulate: 1 },
    parameters,
    trained: parameters ?? [],
    optimizers: [],
    seen: new Map(),
  };
  for (const setting of settings) guarded(frame, [], () => readSetting(setting, block));
  const { trained, seen, training, rule } = block;
  if (![...seen.keys()].some((name) => name.startsWith('optimizer'))) fail(frame, messages.noOptimizer({ span }));
  if (trained.length > 0 && trained.every((p) => !p.trained)) fail(frame, messages.nothingTrained({ span }));
  return { training, parameters: trained, players: [{ ...rule, updates: updatesOf(block) }] };
}

function readSetting(setting: Setting, block: Block): void {
  requireOnce(setting, block);
  const { name, value, patterns } = setting;
  const { frame, training } = block;
  const inner = atStatement(frame, setting.span);
  if (patterns && name.name !== 'optimizer' && settingNames.includes(name.name))
    fail(frame, messages.patternOfSetting({ name: name.name, span: patterns[0].span }));
  const number = numberSettings.get(name.name);
  if (number) return readNumber(number, setting, block);
  switch (name.name) {
    case 'optimizer':
      return readOptimizer(setting, block);
    case 'freeze':
      block.trained = frozen(block.trained, value, block.parameters !== undefined, inner);
      return;
    case 'memory': {
      const found = evaluate(value, inner);
      if (found.kind === 'unknown') return;
      if (found.kind !== 'string' || (found.value !== 'fast' && found.value !== 'small'))
        return failSetting('memory', '"fast" or "small"', found, value.span, frame);
      training.memory = found.value;
      return;
    }
    case 'data': {
      const found = configured(evaluate(value, inner), frame, value.span);
      if (found.kind === 'unknown') return;
      if (found.kind !== 'data')
        return failSetting('data', 'a source such as csv("file.csv", …)', found, value.span, frame);
      training.data = found.source;
      return;
    }
    default:
      return failUnknown(setting, block);
  }
}

/** A setting stands once, an optimizer once for each pattern. */
function requireOnce({ name, patterns }: Setting, { frame, seen }: Block): void {
  for (const pattern of patterns ?? [undefined]) {
    const whole = pattern ? `${name.name} "${pattern.value}"` : name.name;
    const first = seen.get(whole);
    const span = pattern && patterns && patterns.length > 1 ? pattern.span : name.span;
    if (first) fail(frame, messages.setTwice({ name: whole, span, first }));
    seen.set(whole, span);
  }
}

function readNumber(number: NumberSetting, { name, value, span }: Setting, block: Block): void {
  const { frame } = block;
  const found = evaluate(value, atStatement(frame, span));
  if (found.kind === 'unknown') return;
  if (found.kind !== 'number' || !number.fits(found.value))
    return failSetting(name.name, number.expected, found, value.span, frame);
  number.set(block, found.value);
}

function readOptimizer({ value, patterns, span }: Setting, { frame, parameters, optimizers }: Block): void {
  const found = evaluate(value, atStatement(frame, span));
  if (found.kind === 'unknown') return;
  if (found.kind !== 'optimizer')
    return failSetting('optimizer', 'an optimizer such as adam(lr = 1e-3)', found, value.span, frame);
  if (parameters) for (const { value: p, span: at } of patterns ?? []) requireMatch(p, parameters, at, frame);
  optimizers.push({ patterns: patterns?.map((p) => p.value), span, optimizer: found });
}

function failSetting(name: string, expected: string, got: Value, span: Span, frame: Frame): never {
  return fail(frame, messages.badSetting({ name, expected, got: describe(got), span }));
}

/** What is meant is known: that it is missing needs no saying. */
function failUnknown({ name: { name, span } }: Setting, { frame, seen }: Block): never {
  const pending = pendingSettings.get(name);
  if (pending !== undefined) return fail(frame, messages.notSupported({ name, span, help: pending }));
  const meant = nearest(name, settingNames);
  if (meant !== undefined && !seen.has(meant)) seen.set(meant, span);
  return fail(frame, messages.unknownSetting({ name, span, names: settingNames, help: settingHint(name) }));
}

/** Of each trained parameter; what is wrong within an optimizer is told also where no parameter came to have it. */
function updatesOf({ frame, span, trained, optimizers }: Block): Update[] {
  const updates: Update[] = [];
  const used = new Set<Chosen>();
  // The update of a parameter is that of any other of its type and optimizer, over leaves of its own.
  const known = new Map<Chosen, Map<string, Update>>();
  for (const p of trained) {
    if (!p.trained || optimizers.length === 0) continue;
    // The first matching pattern wins, then the default.
    const chosen =
      optimizers.find((o) => o.patterns?.some((pattern) => matches(pattern, p.name))) ??
      optimizers.find((o) => o.patterns === undefined);
    if (!chosen) return fail(frame, messages.noOptimizer({ parameter: p.name, span }));
    used.add(chosen);
    const inner = atStatement(frame, chosen.span);
    const alike = known.get(chosen) ?? new Map<string, Update>();
    known.set(chosen, alike);
    const type = typeKey(p.type);
    const update = (): Update => {
      const first = alike.get(type);
      if (first) return updateLike(first, p, inner);
      const made = updateOf(chosen.optimizer, p, chosen.span, inner);
      // Draws are each parameter's own.
      if (!isDrawn(made)) alike.set(type, made);
      return made;
    };
    guarded(inner, [], () => updates.push(frame.context.g.at(inner.origin, update, { kind: 'update' })));
  }
  for (const o of optimizers) {
    const inner = atStatement(frame, o.span);
    if (!used.has(o)) guarded(inner, [], () => void updateOf(o.optimizer, anyParameter, o.span, inner));
  }
  return updates;
}

/** `*` stands for any characters, dots included. */
export function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'su').test(name);
}

function requireMatch(pattern: string, parameters: readonly ModelParameter[], span: Span, frame: Frame): void {
  const names = parameters.map((p) => p.name);
  if (!names.some((n) => matches(pattern, n))) fail(frame, messages.noSuchParameter({ pattern, names, span }));
}

function frozen(
  parameters: readonly ModelParameter[],
  expression: Expression,
  known: boolean,
  frame: Frame,
): readonly ModelParameter[] {
  const value = evaluate(expression, frame);
  const items = value.kind === 'list' ? value.items : [value];
  const patterns = items.map((item, i) => {
    const { span } = expression.kind === 'list' ? expression.items[i] : expression;
    if (item.kind !== 'string')
      return failSetting('freeze', 'a name or a pattern of names, or a list of them', item, span, frame);
    if (known) requireMatch(item.value, parameters, span, frame);
    return item.value;
  });
  return parameters.map((p) => (patterns.some((pattern) => matches(pattern, p.name)) ? { ...p, trained: false } : p));
}

/** An argument of a data source as plain data. */
export function dataField(value: Value, span: Span, frame: Frame): DataField {
  switch (value.kind) {
    case 'number':
    case 'string':
    case 'boolean':
      return value.value;
    case 'range':
      return { from: value.from, to: value.to };
    case 'list':
      return value.items.map((item) => dataField(item, span, frame));
    default:
      return fail(
        frame,
        messages.wrongKind({ expected: 'a column, a path or a list of them', got: describe(value), span }),
      );
  }
}
