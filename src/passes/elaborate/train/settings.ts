// The settings of a train block, each read and checked by itself.
import * as messages from '../../../diagnostics/training.js';
import { setTwice } from '../../../diagnostics/elaboration.js';
import type { Span } from '../../../diagnostics/diagnostic.js';
import type { ModelParameter, Rule, Training } from '../../../ir/model.js';
import type { Expression, Setting } from '../../../parser/tree.js';
import { dataSourceNamed, dataSources } from '../builtins.js';
import { call, configured, givenOf } from '../calls.js';
import { evaluate } from '../expressions.js';
import { atStatement, fail, type Frame } from '../frame.js';
import { nearest } from '../names.js';
import { describe, isCallable, type Value } from '../values.js';
import { matches, requireMatch } from './patterns.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export type Optimizer = Extract<Value, { kind: 'optimizer' }>;

export interface Chosen {
  readonly optimizer: Optimizer;
  readonly span: Span;
  /** Of names of parameters; absent: all that no pattern matches. */
  readonly patterns?: NonNullable<Setting['patterns']>;
}

/** What the model's train blocks say, as far as it has been read. */
export interface Run {
  readonly frame: Frame;
  readonly training: Writable<Training>;
  /** Undefined where the model has errors. */
  readonly parameters: readonly ModelParameter[] | undefined;
  /** The same, those that are frozen marked. */
  trained: readonly ModelParameter[];
  /** The names of the model's losses. */
  readonly losses: readonly string[];
  readonly metrics: readonly string[];
}

/** What one block says of what it trains, as far as it has been read. */
export interface Block {
  readonly run: Run;
  /** whole: the only one. common: what the others, which have names, have in common. */
  readonly role: 'whole' | 'common' | 'player';
  readonly name?: string;
  readonly span: Span;
  readonly rule: Writable<Rule>;
  readonly optimizers: Chosen[];
  /** The names of its losses; absent: all of the model. */
  losses?: readonly string[];
  /** Patterns of what it trains; absent: all that its losses depend on. */
  only?: readonly string[];
  /** Where each setting stands first, by its name and pattern. */
  readonly seen: Map<string, Span>;
}

export const defaults: Training = { batch: 32, epochs: 1, seed: 0, memory: 'fast', validation: 0, test: 0 };

interface SettingKind {
  /** Whose it is: the whole run's, each player's, or only of players that are several. */
  readonly of: 'run' | 'player' | 'several';
  read(setting: Setting, block: Block): void;
}

/** Counts of rows and steps are integers of 32 bits. */
const most = 2 ** 31 - 1;
const counts = (n: number): boolean => Number.isInteger(n) && n >= 1 && n <= most;
const positive = (n: number): boolean => n > 0 && n < Infinity;
const wholeNumber = `a whole number from 1 to ${most}`;

const kinds: ReadonlyMap<string, SettingKind> = new Map(
  Object.entries<SettingKind>({
    optimizer: { of: 'player', read: readOptimizer },
    batch: ofRun(`a whole number of rows from 1 to ${most}`, counts, (t, n) => (t.batch = n)),
    epochs: ofRun(wholeNumber, counts, (t, n) => (t.epochs = n)),
    seed: ofRun(
      `a whole number from 0 to ${2 ** 32 - 1}`,
      (n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32,
      (t, n) => (t.seed = n),
    ),
    accumulate: ofRule(`a whole number of steps from 1 to ${most}`, counts, (r, n) => (r.accumulate = n)),
    clip_norm: ofRule('a finite number above 0', positive, (r, n) => (r.clipNorm = n)),
    clip_value: ofRule('a finite number above 0', positive, (r, n) => (r.clipValue = n)),
    validation: { of: 'run', read: (setting, block) => readHeld('validation', setting, block) },
    test: { of: 'run', read: (setting, block) => readHeld('test', setting, block) },
    ema: ofRun(
      'a number above 0 and below 1',
      (n) => n > 0 && n < 1,
      (t, n) => (t.ema = n),
    ),
    monitor: { of: 'run', read: readMonitor },
    patience: ofRun(`a whole number of epochs from 1 to ${most}`, counts, (t, n) => (t.patience = n)),
    shuffle: { of: 'run', read: readShuffle },
    loss: { of: 'several', read: readLoss },
    only: { of: 'several', read: readOnly },
    every: {
      ...ofRule(`a whole number of calls of step from 1 to ${most}`, counts, (r, n) => (r.every = n)),
      of: 'several',
    },
    memory: { of: 'run', read: readMemory },
    precision: { of: 'run', read: readPrecision },
    freeze: { of: 'run', read: readFreeze },
    data: { of: 'run', read: readData },
  }),
);

/** The names of those that a block may have. */
export function settingNames(role: Block['role']): string[] {
  return [...kinds].flatMap(([name, { of }]) => (fits(of, role) ? [name] : []));
}

function fits(of: SettingKind['of'], role: Block['role']): boolean {
  return of === 'run' ? role !== 'player' : of === 'player' ? role !== 'common' : role === 'player';
}

export function readSetting(setting: Setting, block: Block): void {
  requireOnce(setting, block);
  const { name, patterns } = setting;
  const { frame } = block.run;
  const kind = kinds.get(name.name);
  if (patterns && name.name !== 'optimizer' && kind)
    fail(frame, messages.patternOfSetting({ name: name.name, span: patterns[0].span }));
  if (!kind) return failUnknown(setting, block);
  if (!fits(kind.of, block.role)) {
    const help = settingHint(name.name, block.role);
    fail(frame, messages.settingElsewhere({ name: name.name, span: name.span, role: block.role, help }));
  }
  kind.read(setting, block);
}

/** A setting stands once, an optimizer once for each pattern. */
function requireOnce({ name, patterns }: Setting, { run: { frame }, seen }: Block): void {
  for (const pattern of patterns ?? [undefined]) {
    const whole = pattern ? `${name.name} "${pattern.value}"` : name.name;
    const first = seen.get(whole);
    const span = pattern && patterns && patterns.length > 1 ? pattern.span : name.span;
    if (first) fail(frame, setTwice({ name: whole, span, first }));
    seen.set(whole, span);
  }
}

function ofRun(
  expected: string,
  fits: (n: number) => boolean,
  set: (training: Writable<Training>, n: number) => void,
): SettingKind {
  return {
    of: 'run',
    read: (setting, block) => readNumber(setting, block, expected, fits, (n) => set(block.run.training, n)),
  };
}

function ofRule(
  expected: string,
  fits: (n: number) => boolean,
  set: (rule: Writable<Rule>, n: number) => void,
): SettingKind {
  return {
    of: 'player',
    read: (setting, block) => readNumber(setting, block, expected, fits, (n) => set(block.rule, n)),
  };
}

function readNumber(
  { name, value, span }: Setting,
  { run: { frame } }: Block,
  expected: string,
  fits: (n: number) => boolean,
  set: (n: number) => void,
): void {
  const found = evaluate(value, atStatement(frame, span));
  if (found.kind === 'unknown') return;
  if (found.kind !== 'number' || !fits(found.value)) return failSetting(name.name, expected, found, value.span, frame);
  set(found.value);
}

function readOptimizer({ value, patterns, span }: Setting, { run, optimizers }: Block): void {
  const { frame, parameters } = run;
  const found = evaluate(value, atStatement(frame, span));
  if (found.kind === 'unknown') return;
  if (found.kind !== 'optimizer')
    return failSetting('optimizer', 'an optimizer such as adam(lr = 1e-3)', found, value.span, frame);
  if (parameters) for (const { value: p, span: at } of patterns ?? []) requireMatch(p, parameters, at, frame);
  optimizers.push({ ...(patterns && { patterns }), span, optimizer: found });
}

function readMemory({ value, span }: Setting, { run: { frame, training } }: Block): void {
  const found = evaluate(value, atStatement(frame, span));
  if (found.kind === 'unknown') return;
  if (found.kind !== 'string' || (found.value !== 'fast' && found.value !== 'small'))
    return failSetting('memory', '"fast" or "small"', found, value.span, frame);
  training.memory = found.value;
}

/** Where it stands is kept for targets that have no halves. */
function readPrecision({ name, value, span }: Setting, { run: { frame, training } }: Block): void {
  const found = evaluate(value, atStatement(frame, span));
  if (found.kind === 'unknown') return;
  if (found.kind !== 'string' || (found.value !== 'full' && found.value !== 'mixed'))
    return failSetting('precision', '"full" or "mixed"', found, value.span, frame);
  const { file, start } = name.span;
  if (found.value === 'mixed') training.mixed = { file, start, end: value.span.end };
}

/** `monitor = "accuracy"`; `"-accuracy"` where lower is better. */
function readMonitor({ value, span }: Setting, { run }: Block): void {
  const { frame, training, losses, metrics } = run;
  const found = evaluate(value, atStatement(frame, span));
  if (found.kind === 'unknown') return;
  if (found.kind !== 'string')
    return failSetting('monitor', 'the name of a loss or metric, as in "loss"', found, value.span, frame);
  const names = ['loss', ...losses, ...metrics];
  const name = found.value.replace(/^-/, '');
  if (!names.includes(name))
    fail(frame, messages.noSuchMonitor({ name, names, span: value.span, nearest: nearest(name, names) }));
  training.monitor = found.value;
}

function readShuffle({ value, span }: Setting, { run: { frame, training } }: Block): void {
  const found = evaluate(value, atStatement(frame, span));
  if (found.kind === 'unknown') return;
  if (found.kind !== 'boolean') return failSetting('shuffle', 'true or false', found, value.span, frame);
  training.shuffle = found.value;
}

/** What `data = value` is: in `data = text(…)` an input called text is not meant. */
function sourceOrShare({ name: setting, value, span }: Setting, frame: Frame): Value {
  const at = atStatement(frame, span);
  // A name alone may be meant for a share.
  const callee = value.kind === 'call' ? value.callee : setting.name === 'data' ? value : undefined;
  if (callee?.kind === 'name' && !frame.scope.find(callee.name) && !frame.scope.later(callee.name)) {
    const { name } = callee;
    const known = { name, sources: dataSources, nearest: nearest(name, dataSources) };
    return fail(frame, messages.unknownSource({ span: callee.span, ...known }));
  }
  if (value.kind === 'call' && value.callee.kind === 'name') {
    const { name } = value.callee;
    const builtin = dataSourceNamed(name);
    const known = frame.scope.find(name);
    if (builtin && !(known && isCallable(known))) {
      const source: Value = { kind: 'builtin', builtin };
      return call(source, givenOf(value.arguments, source, at), value.span, at);
    }
  }
  return configured(evaluate(value, at), frame, value.span);
}

function readData(setting: Setting, { run: { frame, training } }: Block): void {
  const { value } = setting;
  const found = sourceOrShare(setting, frame);
  if (found.kind === 'unknown') return;
  if (found.kind !== 'data')
    return failSetting('data', 'a source such as csv("file.csv", …)', found, value.span, frame);
  training.data = found.source;
}

/** A share of the data, or data of their own. */
function readHeld(part: 'validation' | 'test', setting: Setting, { run: { frame, training } }: Block): void {
  const { value } = setting;
  const found = sourceOrShare(setting, frame);
  const other = part === 'test' ? 'validation' : 'test';
  if (found.kind === 'unknown') return;
  if (found.kind === 'data') {
    training.others = { ...training.others, [part]: found.source };
    return;
  }
  const fits = found.kind === 'number' && found.value >= 0 && found.value < 1;
  if (!fits) return failSetting(part, 'a share of the data, from 0 to below 1, or a source', found, value.span, frame);
  if (found.value + training[other] >= 1)
    return failSetting(part, `a share that leaves rows to train on beside ${other}`, found, value.span, frame);
  training[part] = found.value;
}

function readFreeze(setting: Setting, { run }: Block): void {
  const patterns = patternsIn(setting, run);
  run.trained = run.trained.map((p) => (patterns.some((of) => matches(of, p.name)) ? { ...p, trained: false } : p));
}

function readOnly(setting: Setting, block: Block): void {
  block.only = patternsIn(setting, block.run);
}

/** A pattern of parameters' names, or a list of them; each matches something. */
function patternsIn({ name, value: expression, span: whole }: Setting, { frame, parameters }: Run): string[] {
  const value = evaluate(expression, atStatement(frame, whole));
  const items = value.kind === 'list' ? value.items : [value];
  return items.flatMap((item, i) => {
    const { span } = expression.kind === 'list' ? expression.items[i] : expression;
    if (item.kind === 'unknown') return [];
    if (item.kind !== 'string')
      return failSetting(name.name, 'a name or a pattern of names, or a list of them', item, span, frame);
    if (parameters) requireMatch(item.value, parameters, span, frame);
    return [item.value];
  });
}

/** `loss = critic_loss`, or several in a list. */
function readLoss({ value }: Setting, block: Block): void {
  const { frame, losses } = block.run;
  const parts = value.kind === 'list' ? value.items : [value];
  block.losses = parts.map((part) => {
    const name = nameIn(part);
    if (name !== undefined && losses.includes(name)) return name;
    return fail(frame, messages.noSuchLoss({ name, losses, span: part.span, nearest: name && nearest(name, losses) }));
  });
}

function nameIn(part: Expression): string | undefined {
  return part.kind === 'name' ? part.name : part.kind === 'string' ? part.value : undefined;
}

function failSetting(name: string, expected: string, got: Value, span: Span, frame: Frame): never {
  return fail(frame, messages.badSetting({ name, expected, got: describe(got), span }));
}

function failUnknown({ name: { name, span } }: Setting, { run: { frame }, seen, role }: Block): never {
  const names = settingNames(role);
  const meant = nearest(name, names);
  if (meant !== undefined && !seen.has(meant)) seen.set(meant, span);
  const help = meant === undefined ? settingHint(name, role) : `did you mean ${meant}?`;
  return fail(frame, messages.unknownSetting({ name, span, names, help }));
}

function settingHint(name: string, role: Block['role']): string | undefined {
  if (/^(lr|learning_rate|momentum|weight_decay|beta\d|eps)$/.test(name))
    return 'it belongs to the optimizer, as in optimizer = sgd(lr = 0.1)';
  if (/^(steps|iterations|max_steps)$/.test(name)) return 'a run is counted in epochs: epochs = 10';
  if (role === 'whole' && (name === 'loss' || name === 'metrics'))
    return `${name === 'loss' ? 'loss' : 'metric NAME'} = … stands in the model`;
  return /^(report|start)$/.test(name)
    ? `it is an option of the trainer's fit: trainer.fit(data, { ${name}: … })`
    : undefined;
}
