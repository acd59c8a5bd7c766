// Several train blocks: each makes passes of its own, with what it counts.
import type { Losses } from './model.js';
import { nameOf } from './checks.js';
import { countIn, countsIn, type Counts } from './safetensors.js';

/** A train block, and how many passes it has made. */
export interface Player {
  /** Its turn is at each so many-th call of step. */
  readonly every: number;
  passes: number;
}

/** The players whose turn it is at a call of step, counted from 0; where one is named, that one. */
export function turnsOf<P extends Player>(players: Readonly<Record<string, P>>, name: unknown, call: number): P[] {
  if (name !== undefined) return [playerCalled('step', players, name)];
  return Object.values(players).filter(({ every }) => (call + 1) % every === 0);
}

/** The player of this name. */
export function playerCalled<P>(what: string, players: Readonly<Record<string, P>>, name: unknown): P {
  if (typeof name === 'string' && Object.hasOwn(players, name)) return players[name];
  const names = Object.keys(players).join(', ');
  throw new TypeError(`${what}: expected the name of a train block (${names}), got ${nameOf(name)}`);
}

/** Losses and metrics as the last pass that computed each gives them; the loss is the sum of those of `names`, where all losses have names. */
export function lossesOfPasses(passes: readonly Losses[], names: readonly string[]): Losses {
  const last: Record<string, number> = Object.assign({ loss: 0 }, ...passes);
  if (names.length > 0) last.loss = names.reduce((sum, name) => sum + (last[name] ?? 0), 0);
  return last as unknown as Losses;
}

/** How many passes each has made, as metadata of a checkpoint. */
export function countedPasses(players: Readonly<Record<string, Player>>): Record<string, string> {
  return Object.fromEntries(Object.entries(players).map(([name, { passes }]) => [`passes/${name}`, String(passes)]));
}

/** Reads the counts of a checkpoint with the passes of each; they are taken over by `resumePasses`. */
export function countsOfPlayers(players: Readonly<Record<string, Player>>) {
  return (metadata: Readonly<Record<string, string>>): CountsOfPlayers => {
    const counts = countsIn(metadata);
    const passes = Object.keys(players).map(
      (name) => [name, countIn(metadata, `passes/${name}`, counts.draw)] as const,
    );
    return { ...counts, passes: Object.fromEntries(passes) };
  };
}

export interface CountsOfPlayers extends Counts {
  readonly passes?: Readonly<Record<string, number>>;
}

/** Goes on where a checkpoint has ended: without its counts, from the start. */
export function resumePasses(players: Readonly<Record<string, Player>>, counts: CountsOfPlayers | undefined): void {
  for (const [name, player] of Object.entries(players)) player.passes = counts?.passes?.[name] ?? 0;
}
