// From syntax trees to a model: its graphs for training and for evaluation, its parameters, and how to train them.
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.js';
import * as messages from '../../diagnostics/elaboration.js';
import { moreErrors } from '../../diagnostics/syntax.js';
import { observesDraw, observesTrained } from '../../diagnostics/training.js';
import { everyNode } from '../../ir/bodies.js';
import { random } from '../../ir/ops/random.js';
import { lineAt, lineStarts } from '../../diagnostics/position.js';
import { createBuilder } from '../../ir/builder.js';
import { isOp, type Builder } from '../../ir/graph.js';
import {
  modeRoots,
  type Mode,
  type ModelGraph,
  type ModelPart,
  type ModelInput,
  type ModelParameter,
  type ModelState,
  type Named,
} from '../../ir/model.js';
import { reachable } from '../../ir/reachable.js';
import { baseName } from '../../ir/source.js';
import type { Outline } from '../../parser/outline.js';
import { mostErrors } from '../../parser/reader.js';
import type { Declaration, File, Statement } from '../../parser/tree.js';
import { builtinScope } from './builtins.js';
import { DrawSites } from './draws.js';
import { fileScope, libraryScope } from './declarations.js';
import { ElaborationMode, mostSteps, Naming, type Context, type Frame, type Observer } from './frame.js';
import { runModel, type Written } from './model.js';
import { nearest } from './names.js';
import { bindParameters } from './overrides.js';
import { settleNames } from './settleNames.js';
import { trainOf, untrained } from './train/train.js';
import { Scope } from './values.js';
import { adaptersOf } from './wrapped.js';
import { parameter, state } from '../../ir/ops/leaves.js';

export interface ElaborateOptions {
  readonly entry: File;
  /** Imported files by path. */
  readonly files: ReadonlyMap<string, File>;
  readonly library: readonly Outline[];
  /** Which model, where there are several. */
  readonly model?: string;
  readonly set?: Readonly<Record<string, number | boolean | string>>;
  /** In bytes. */
  readonly memoryLimit?: number;
  /** What a file is called where lines of it are named. */
  readonly fileName?: (file: string) => string;
  /** Sees the value of each expression, and of each name where it is defined. */
  readonly note?: Observer;
}

export interface Elaborated {
  readonly diagnostics: readonly Diagnostic[];
  /** Absent where there are errors. */
  readonly model?: ModelGraph;
  /** Where there are: what has a meaning all the same. */
  readonly part?: ModelPart;
}

type ModelDeclaration = Extract<Declaration, { kind: 'model' }>;

/** Thrown to leave a model that has nothing but errors. */
class TooManyErrors extends Error {}

/** Gives a file's model its meaning, once for each of its two modes; every independent error is reported once, up to a hundred. */
export function elaborate(options: ElaborateOptions): Elaborated {
  const reports = new Map<string, Diagnostic>();
  try {
    return elaborated(options, reports);
  } catch (error) {
    if (!(error instanceof TooManyErrors)) throw error;
    const all = [...reports.values()].sort(inOrderOf(options.entry.file));
    const [last] = all.slice(-1);
    return { diagnostics: [...all, moreErrors({ span: last.labels[0].span })] };
  }
}

function elaborated(options: ElaborateOptions, reports: Map<string, Diagnostic>): Elaborated {
  const isLibrary = (file: string): boolean => options.library.some((l) => l.file === file);
  const report = (diagnostic: Diagnostic): void => {
    const key = keyOf(diagnostic, isLibrary);
    if (diagnostic.severity === 'error' && !reports.has(key) && reports.size >= mostErrors) throw new TooManyErrors();
    reports.set(key, reports.get(key) ?? diagnostic);
  };
  const declaration = chosenModel(options.entry, options.model, report);
  if (!declaration) return { diagnostics: [...reports.values()] };
  const g = createBuilder();
  const training = elaborateMode(declaration, options, 'training', g, report);
  const { context } = training.frame;
  const evaluation = context.mode.wasAsked
    ? elaborateMode(declaration, options, 'evaluation', g, report, context)
    : training;
  const observation =
    context.observed.size > 0 || evaluation.frame.context.observed.size > 0
      ? elaborateMode(declaration, options, 'observation', g, report, context)
      : undefined;
  const modes: Elaborations = { training, evaluation, ...(observation && { observation }) };
  const failed = (): boolean => [...reports.values()].some((d) => d.severity === 'error');
  if (failed()) checkSettings(declaration, training.frame);
  else requireLoss(declaration, training, report);
  const model = failed() ? undefined : assembled(declaration, options, g, modes);
  // What failed may have been the only use of a name.
  if (!failed()) reportUnused(modes, report);
  const diagnostics = [...reports.values()].sort(inOrderOf(options.entry.file));
  if (model && !failed()) return { model, diagnostics };
  return { diagnostics, part: partOf(declaration, options.entry, training) };
}

function partOf({ name }: ModelDeclaration, { file, text }: File, { frame, losses, metrics }: Elaboration): ModelPart {
  const values = [...frame.scope.tensors(), ...losses, ...metrics];
  return { name: name.name, file, text, place: name.span, values, parameters: [...frame.context.parameters.values()] };
}

/** A model's body in each mode; observation: where something is observed. */
interface Elaborations {
  readonly training: Elaboration;
  readonly evaluation: Elaboration;
  readonly observation?: Elaboration;
}

/** A model's body in one mode, with the frame that its train block is read in. */
interface Elaboration extends Written {
  readonly frame: Frame;
}

function elaborateMode(
  declaration: ModelDeclaration,
  options: ElaborateOptions,
  mode: ElaborationMode['name'],
  g: Builder,
  report: (diagnostic: Diagnostic) => void,
  before?: Context,
): Elaboration {
  const { entry, files, library, set = {} } = options;
  const context = createContext(options, g, mode, report);
  // What was too much in one mode is not tried in the other.
  if (before && before.steps > mostSteps) context.steps = before.steps;
  const outer = fileScope(entry, files, libraryScope(library, builtinScope(), context), context);
  const frame: Frame = { context, scope: new Scope(outer), naming: new Naming('') };
  bindParameters(declaration, set, frame);
  return { ...runModel(declaration.body, frame), frame };
}

function createContext(
  { entry, files, library, memoryLimit = Infinity, fileName = baseName, note }: ElaborateOptions,
  g: Builder,
  mode: ElaborationMode['name'],
  report: (diagnostic: Diagnostic) => void,
): Context {
  const starts = new Map<string, readonly number[]>();
  const texts = new Map([entry, ...files.values(), ...library].map(({ file, text }) => [file, text]));
  const ours = new Set(library.map(({ file }) => file));
  const startsOf = (file: string): readonly number[] => {
    const known = starts.get(file) ?? lineStarts(texts.get(file) ?? '');
    starts.set(file, known);
    return known;
  };
  return {
    g,
    mode: new ElaborationMode(mode),
    parameters: new Map(),
    states: new Map(),
    observed: new Map(),
    weights: new Map(),
    applications: new Map(),
    adapters: new Map(),
    loops: [],
    requirements: new Map(),
    report,
    note,
    lineOf: ({ file, start }: Span) => lineAt(startsOf(file), start) + 1,
    fileName,
    isLibrary: (file) => ours.has(file),
    memoryLimit,
    made: [],
    gradientDepth: 0,
    draws: new DrawSites(),
    sizes: 0,
    depth: 0,
    steps: 0,
    calls: [],
  };
}

function chosenModel(
  { file, text, declarations }: File,
  name: string | undefined,
  report: (diagnostic: Diagnostic) => void,
): ModelDeclaration | undefined {
  const models = declarations.filter((d) => d.kind === 'model');
  const names = models.map((m) => m.name.name);
  const whole: Span = { file, start: 0, end: Math.min(1, text.length) };
  models.forEach((model, i) => {
    const first = names.indexOf(model.name.name);
    if (first < i)
      report(messages.definedTwice({ name: model.name.name, span: model.name.span, first: models[first].name.span }));
  });
  if (name !== undefined) {
    const found = models.find((m) => m.name.name === name);
    if (models.length === 0) report(messages.noModel({ span: whole }));
    else if (!found)
      report(messages.unknownModel({ name, names, span: models[0].name.span, nearest: nearest(name, names) }));
    return found;
  }
  if (models.length === 0) report(messages.noModel({ span: whole }));
  else if (new Set(names).size > 1) report(messages.severalModels({ names, span: models[1].name.span }));
  return models.length === 1 ? models[0] : undefined;
}

/** How to train, where what is trained has errors: only what stands in the block itself. */
function checkSettings(declaration: ModelDeclaration, frame: Frame): void {
  if (trainBlock(declaration)) trainOf(declaration.body, undefined, frame);
}

function trainBlock({ body }: ModelDeclaration): Extract<Statement, { kind: 'train' }> | undefined {
  return body.find((s) => s.kind === 'train');
}

/** A model without a loss only predicts: it has outputs, no train block, and nothing to report beside the loss. */
function requireLoss(declaration: ModelDeclaration, found: Elaboration, report: (d: Diagnostic) => void): void {
  if (found.total) return;
  const { name, span } = declaration.name;
  const block = trainBlock(declaration);
  if (block || found.outputs.length === 0)
    return report(messages.noLoss({ name, span, ...(block && { train: block.span }) }));
  for (const statement of declaration.body)
    if (statement.kind === 'metric')
      report(messages.metricWithoutLoss({ name: statement.name.name, span: statement.name.span }));
}

/** What no mode asks for; a parameter or a binding may be there for one of them only. */
function reportUnused({ training, ...others }: Elaborations, report: (d: Diagnostic) => void): void {
  const elsewhere = Object.values(others).map(({ frame }) => new Set(frame.scope.unused().map(({ name }) => name)));
  for (const { name, span } of training.frame.scope.unused())
    if (elsewhere.every((unused) => unused.has(name))) report(messages.unused({ name, span }));
}

function assembled(
  declaration: ModelDeclaration,
  { entry, files }: ElaborateOptions,
  g: Builder,
  modes: Elaborations,
): ModelGraph {
  const { training, evaluation, observation } = modes;
  const { file, text } = entry;
  const { context } = training.frame;
  const needed = neededLeaves(training, evaluation, ...(observation ? [observation] : []));
  const own = new Map([
    ...context.parameters,
    ...evaluation.frame.context.parameters,
    ...(observation?.frame.context.parameters ?? []),
  ]);
  const parameters = [...own.values()]
    .filter((p) => needed.has(`parameter ${p.name}`))
    .map(({ name, type, initial, trained, optional, owners }): ModelParameter => {
      // Frozen in one mode, it is so in the other.
      const both = trained && context.parameters.get(name)?.trained !== false;
      return { name, type, initial, trained: both, ...(optional && { optional }), owners };
    });
  const states = [...context.states.values()].filter((s) => needed.has(`state ${s.name}`));
  const inputs = training.inputs.map(({ name, type }): ModelInput => ({ name, type }));
  const [trainingMode, evaluationMode] = [modeOf(training, states), modeOf(evaluation, [])];
  const { name } = declaration;
  const { loss, losses } = trainingMode;
  const trained = trainBlock(declaration)
    ? trainOf(declaration.body, { builder: g, name, parameters, losses, loss }, training.frame)
    : untrained(parameters);
  const observed = observation ? observedIn(observation, states, trained.parameters) : [];
  const model: ModelGraph = {
    builder: g,
    name: name.name,
    file,
    text,
    sources: new Map([entry, ...files.values()].map((of) => [context.fileName(of.file), of.text])),
    place: name.span,
    inputs,
    parameters: trained.parameters,
    adapters: adaptersOf(context).filter(({ up }) => needed.has(`parameter ${up}`)),
    states: states.map(({ name, type, initial, optional, owners }): ModelState => ({
      name,
      type,
      initial,
      owners,
      // What is observed may be gathered anew.
      ...((optional || observed.some((o) => o.name === name)) && { optional: true as const }),
    })),
    training: { ...trainingMode, totals: trained.totals },
    evaluation: evaluationMode,
    observed,
    players: trained.players,
    train: trained.training,
  };
  settleNames(reachable(modeRoots(model)));
  return model;
}

/** What observed states become. It depends on inputs, states and frozen parameters alone, for it is there before the first step. */
function observedIn(
  { frame }: Elaboration,
  states: readonly { readonly name: string }[],
  parameters: readonly ModelParameter[],
): Named[] {
  const { context } = frame;
  const trained = new Set(parameters.flatMap((p) => (p.trained ? [p.name] : [])));
  // Of what one call observes, the first is said.
  const told = new Set<string>();
  const tell = (diagnostic: Diagnostic): void => {
    const { file, start } = diagnostic.labels[0].span;
    const place = `${diagnostic.code} ${file} ${start}`;
    if (!told.has(place)) context.report(diagnostic);
    told.add(place);
  };
  return states.flatMap(({ name }) => {
    const [place, state] = [context.observed.get(name), context.states.get(name)];
    if (!place || !state) return [];
    const { span, said } = place;
    const reached = everyNode([state.now]);
    const learnt = reached.flatMap((n) => (isOp(n, parameter) && trained.has(n.attrs.name) ? [n.attrs.name] : []));
    if (reached.some((node) => isOp(node, random))) tell(said(observesDraw({ name, span })));
    else if (learnt.length > 0) tell(said(observesTrained({ name, parameter: learnt[0], span })));
    return [{ name, node: state.now }];
  });
}

function modeOf(
  { outputs, total, losses, metrics, frame }: Elaboration,
  states: readonly { readonly name: string }[],
): Mode {
  const now = frame.context.states;
  return {
    outputs,
    ...(total && { loss: total }),
    losses,
    totals: [],
    metrics,
    states: states.flatMap(({ name }) => {
      const state = now.get(name);
      return state ? [{ name, node: state.now }] : [];
    }),
    requirements: [...frame.context.requirements.values()],
  };
}

/** The parameters and states that some output, loss or metric depends on, also by way of a state. */
function neededLeaves(...modes: readonly Elaboration[]): Set<string> {
  const found = new Set<string>();
  const roots = modes.flatMap(({ outputs, losses, metrics, total }) => [
    ...[...outputs, ...losses, ...metrics].map((n) => n.node),
    ...(total ? [total] : []),
  ]);
  for (let next = roots; next.length > 0;) {
    const fresh: string[] = [];
    for (const node of reachable(next)) {
      if (!isOp(node, parameter, state)) continue;
      const { name } = node.attrs;
      const key = `${node.op.name} ${name}`;
      if (found.has(key)) continue;
      found.add(key);
      if (node.op === state) fresh.push(name);
    }
    next = fresh.flatMap((name) => modes.flatMap(({ frame }) => frame.context.states.get(name)?.now ?? []));
  }
  return found;
}

/** What tells independent errors apart: where they are, and of those inside the library, where it was called. */
function keyOf({ code, message, labels, trace = [] }: Diagnostic, isLibrary: (file: string) => boolean): string {
  const place = ({ file, start, end }: Span): string => `${file}:${start}:${end}`;
  const [first, ...others] = labels.map(({ span }) => span);
  const inside = others.filter(({ file }) => isLibrary(file));
  const calls = inside.length > 0 ? trace.map(({ span }) => span) : [];
  return [code, message, ...[...(first ? [first] : []), ...inside, ...calls].map(place)].join(' ');
}

/** By place in the user's file: a fault in another file counts where the outermost call stands. */
function inOrderOf(file: string): (a: Diagnostic, b: Diagnostic) => number {
  const place = ({ labels, trace = [] }: Diagnostic): number =>
    [...labels.slice(0, 1), ...trace].map(({ span }) => span).find((span) => span.file === file)?.start ?? 0;
  return (a, b) => place(a) - place(b);
}
