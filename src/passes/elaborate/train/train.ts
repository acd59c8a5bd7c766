// The train blocks of a model: how a run goes, and what each block trains.
import * as messages from '../../../diagnostics/training.js';
import { definedTwice, setTwice } from '../../../diagnostics/elaboration.js';
import type { Span } from '../../../diagnostics/diagnostic.js';
import type { ModelParameter, Named, Player, Training, Update } from '../../../ir/model.js';
import type { Statement } from '../../../parser/tree.js';
import { fail, type Frame } from '../frame.js';
import { guarded } from '../bodies.js';
import { checkOwn, ownOf, requireTrained, type ToTrain } from './own.js';
import { defaults, readSetting, type Block, type Run } from './settings.js';
import { updatesOf } from './updates.js';

type Of<Kind> = Extract<Statement, { kind: Kind }>;

export interface Trained {
  readonly training: Training;
  readonly parameters: readonly ModelParameter[];
  readonly players: readonly Player[];
  /** What each player minimises, by its name; none where there is one player, which minimises the loss. */
  readonly totals: readonly Named[];
}

/** A model that is not trained. */
export function untrained(parameters: readonly ModelParameter[]): Trained {
  return { training: defaults, parameters, players: [], totals: [] };
}

/** Evaluates the train blocks of a model's body over what the model came to have, where it has no errors. */
export function trainOf(body: readonly Statement[], model: ToTrain | undefined, outer: Frame): Trained {
  const frame: Frame = { ...outer, inTrain: true };
  const statements = body.filter((s) => s.kind === 'train');
  const losses = body.filter((s) => s.kind === 'loss');
  const parameters = model?.parameters;
  const run: Run = {
    frame,
    training: { ...defaults },
    parameters,
    trained: parameters ?? [],
    losses: losses.flatMap(({ name }) => name?.name ?? []),
    metrics: body.flatMap((s) => (s.kind === 'metric' ? s.name.name : [])),
  };
  requireDifferent(statements, frame);
  const players = readBlocks(statements, run).filter(({ role }) => role !== 'common');
  requireUsed(losses, players, frame);
  const { trained, training } = run;
  const owns = players.map((block) => ownOf(block, model));
  if (trained.length > 0 && trained.every((p) => !p.trained))
    guarded(frame, [], () => fail(frame, messages.nothingTrained({ span: statements[0].span })));
  else if (model) {
    players.forEach((block, i) => guarded(frame, [], () => checkOwn(block, owns[i], model)));
    guarded(frame, [], () => requireTrained(owns, run, model));
  }
  const { plateau: found } = frame.context;
  const plateau = found && { plateau: { factor: found.factor, patience: found.patience } };
  return {
    training: { ...training, ...plateau },
    parameters: trained,
    players: players.map((block, i): Player => {
      const { name, losses, rule } = block;
      let updates: readonly Update[] = [];
      guarded(frame, [], () => (updates = updatesOf(block, owns[i].parameters)));
      return { ...rule, ...(name !== undefined && { name }), ...(losses && { losses }), updates };
    }),
    totals: players.flatMap(({ name }, i) => {
      const node = owns[i].total;
      return name !== undefined && node ? [{ name, node }] : [];
    }),
  };
}

/** Blocks have names of their own, and one has none. */
function requireDifferent(statements: readonly Of<'train'>[], frame: Frame): void {
  const seen = new Map<string | undefined, Span>();
  for (const { name, span } of statements) {
    const first = seen.get(name?.name);
    seen.set(name?.name, first ?? name?.span ?? span);
    if (!first) continue;
    const twice = name
      ? definedTwice({ name: name.name, span: name.span, first })
      : setTwice({ name: 'train', span, first });
    guarded(frame, [], () => fail(frame, twice));
  }
}

function readBlocks(statements: readonly Of<'train'>[], run: Run): Block[] {
  const { frame } = run;
  const several = statements.some(({ name }) => name !== undefined);
  return statements.map(({ name, span, settings }): Block => {
    const block: Block = {
      run,
      role: name ? 'player' : several ? 'common' : 'whole',
      ...(name && { name: name.name }),
      span: name?.span ?? span,
      rule: { accumulate: 1, every: 1 },
      optimizers: [],
      seen: new Map(),
    };
    for (const setting of settings) guarded(frame, [], () => readSetting(setting, block));
    if (block.role !== 'common' && ![...block.seen.keys()].some((key) => key.startsWith('optimizer')))
      guarded(frame, [], () => fail(frame, messages.noOptimizer({ span: block.span })));
    return block;
  });
}

/** Each loss is some block's. */
function requireUsed(losses: readonly Of<'loss'>[], blocks: readonly Block[], frame: Frame): void {
  if (blocks.length === 0 || blocks.some((block) => !block.losses)) return;
  for (const { name, span } of losses) {
    // A loss that cannot be called so has its own error.
    if (name?.name === 'loss') continue;
    if (name && blocks.some((block) => block.losses?.includes(name.name))) continue;
    const idle = messages.lossNotTrained({
      name: name?.name,
      span: name?.span ?? span,
      blocks: blocks.map((b) => b.name ?? ''),
    });
    guarded(frame, [], () => fail(frame, idle));
  }
}
