// Several train blocks: an object of players in createTrainer, each of which makes its own passes, and the methods that call them.
import { passOf, type Entry, type EntryName, type TrainerProgram } from '../../../ir/program.js';
import type { Player } from '../../../ir/model.js';
import { literal, objectOf } from '../../text/quote.js';
import { buffersIn } from '../../uses.js';
import type { Answers, Engine } from '../engine.js';
import type { Counting, Lines } from './lines.js';

/** Do several train blocks have names? */
export function isPlayed({ model }: TrainerProgram): boolean {
  return model.training.totals.length > 0;
}

/** Calls of step are counted, and each player counts its passes. */
export function countingOfPlayers(program: TrainerProgram): Counting {
  const { players } = program.model;
  return {
    start: ['// Counts calls of step: every one has random draws of its own.', 'let calls = 0;'],
    planned: 'calls + steps',
    // Draws of a pass belong to the call and the player.
    counters: { update: 'calls + 1', draw: drawOf(players, 0), run: 'planned' },
    stepCount: 'calls',
    calls: 'calls',
    saved: ['update: String(calls)', 'draw: String(calls)', 'seed: String(seed)', '...countedPasses(players)'],
    counts: ', countsOfPlayers(players)',
    resume: ['calls = counts?.draw ?? 0;', 'resumePasses(players, counts);'],
  };
}

function drawOf({ length }: readonly Player[], player: number): string {
  return length === 1 ? 'calls' : `calls * ${length}${player === 0 ? '' : ` + ${player}`}`;
}

/** The object of players, by name. */
export function playersObject(program: TrainerProgram, lines: Lines, engine: Engine): string {
  const { players } = program.model;
  const members = players.map(
    (player, i) => [player.name ?? '', playerObject(program, player, i, lines, engine)] as const,
  );
  return `// The train blocks, in the order of their turns.\nconst players = ${objectOf(members)};`;
}

function playerObject(program: TrainerProgram, player: Player, at: number, lines: Lines, engine: Engine): string {
  const { entries, model } = program;
  const { name, every, accumulate } = player;
  const { answers, stepped = '' } = engine;
  const cycle = every * accumulate;
  const values = {
    update: accumulate === 1 ? 'this.passes + 1' : `Math.floor(this.passes / ${accumulate}) + 1`,
    draw: drawOf(model.players, at),
    run: cycle === 1 ? 'planned' : `Math.floor(planned / ${cycle})`,
  };
  const pass = (of: EntryName, after: readonly string[], answer: (a: Answers) => Answers['scalars']): string[] => {
    const entry = entries[of];
    if (!entry) return [];
    const run = answers.run(of);
    const making = of.startsWith('gradients') ? [run] : lines.updating(run);
    return [...lines.counters(entry, values), ...making, ...after, ...answer(answers)(entry)];
  };
  const counted = [stepped, 'this.passes++;'].filter((line) => line !== '');
  const early = pass(passOf('accumulate', name), ['this.passes++;'], (a) => a.scalars);
  const head = (method: string): string => `${answers.promised ? 'async ' : ''}${method}(m: Memory)`;
  const step = [
    ...(early.length > 0 ? [`if (this.passes % ${accumulate} !== ${accumulate - 1}) {`, ...early, '}'] : []),
    ...pass(passOf('step', name), counted, (a) => a.scalars),
  ];
  const passes = (['step', 'accumulate'] as const).flatMap((of) => entries[passOf(of, name)] ?? []);
  const gradients = pass(passOf('gradients', name), [], (a) => a.gradients);
  return [
    '{',
    `every: ${every},`,
    followsRun(program) ? `follows: ${passes.some((entry) => readsRun(program, entry))},` : '',
    'passes: 0,',
    `${head('step')} {\n${step.join('\n')}\n},`,
    `${head('gradients')} {\n${gradients.join('\n')}\n},`,
    '}',
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** Does a schedule follow the length of the run? */
function followsRun({ counters }: TrainerProgram): boolean {
  return counters.some(({ name }) => name === 'run');
}

/** Is it this pass whose schedule does? */
function readsRun({ counters }: TrainerProgram, { steps }: Entry): boolean {
  const used = buffersIn(steps);
  return counters.some(({ name, buffer }) => name === 'run' && used.has(buffer));
}

/** What a step says that needs to know how long the run is. */
export const noRun =
  'step: the learning rate follows the length of the run, which fit knows; give createTrainer the option updates, or the schedule its steps';

/** What is missing is said before the first of several passes has changed anything. */
const asked = `\nif (planned === undefined && turns.some(({ follows }) => follows)) throw new Error(${literal(noRun)});`;

/** What step does after the inputs are checked. */
export function stepOfPlayers(program: TrainerProgram, { answers }: Engine): { before: string; after: string[] } {
  const { model } = program;
  // Where a loss has no name, the last pass of all losses tells their sum.
  const named = sumsUp(program) ? model.training.losses.map(({ name }) => name) : [];
  const passes = 'passes';
  return {
    before: `const turns = turnsOf(players, block, calls);${followsRun(program) ? asked : ''}`,
    after: [
      `const passes: ${answers.promised ? 'Promise<Losses>' : 'Losses'}[] = turns.map((player) => player.step(m));`,
      'calls++;',
      `return lossesOfPasses(${answers.promised ? `await Promise.all(${passes})` : passes}, ${literal(named)});`,
    ],
  };
}

/** Is the loss the sum of losses that have names? */
function sumsUp({ model: { players } }: TrainerProgram): boolean {
  return players.every(({ losses }) => losses !== undefined);
}

/** What gradients does of one player, before the inputs are checked and after. */
export function gradientsOfPlayer({ answers }: Engine): { before: string; after: string } {
  const found = answers.promised ? '(await player.gradients(m))' : 'player.gradients(m)';
  return {
    before: "const player = block === undefined ? undefined : playerCalled('gradients', players, block);",
    // Those of the other parameters are absent.
    after: `if (player) return ${found} as Gradients;`,
  };
}
