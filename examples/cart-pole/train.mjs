// Teaches a network to balance: node examples/cart-pole/train.mjs MODULE [SEED], the module being made of cart-pole.nn.
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { generator } from '../moby-dick/write.mjs';
import { begun, isOver, longest, moved } from './cartPole.mjs';

const discount = 0.99;

/** Episodes played side by side, each to its end: its states and actions. `choose`: an action, by the probability of a push to the right. */
export function play(trainer, random, count, choose) {
  const episodes = Array.from({ length: count }, () => ({ state: begun(random), states: [], actions: [] }));
  const going = ({ state, actions }) => !isOver(state) && actions.length < longest;
  for (let alive = episodes; alive.length > 0; alive = alive.filter(going)) {
    const { probability } = trainer.predict({ state: Float32Array.from(alive.flatMap(({ state }) => state)) });
    alive.forEach((episode, i) => {
      const action = choose(probability[2 * i + 1]);
      episode.states.push(...episode.state);
      episode.actions.push(action);
      episode.state = moved(episode.state, action);
    });
  }
  return episodes;
}

/** How it went from each action on: a reward of 1 for each step, later ones counting less, and 1 in all where it never ends. */
export function gainsOf({ actions }) {
  const gains = new Float32Array(actions.length);
  let gain = 0;
  for (let i = actions.length - 1; i >= 0; i--) gains[i] = gain = 1 - discount + discount * gain;
  return gains;
}

/** How long episodes last on average. */
export function meanLength(episodes) {
  return episodes.reduce((sum, { actions }) => sum + actions.length, 0) / episodes.length;
}

/** Rounds of `count` episodes, after each of which the network learns from all of them: how long they lasted, and what step said. */
export function* learn(trainer, random, rounds, count = 8) {
  for (let round = 1; round <= rounds; round++) {
    const episodes = play(trainer, random, count, (right) => Number(random() < right));
    const losses = trainer.step({
      state: Float32Array.from(episodes.flatMap(({ states }) => states)),
      action: Int32Array.from(episodes.flatMap(({ actions }) => actions)),
      gain: Float32Array.from(episodes.flatMap((episode) => Array.from(gainsOf(episode)))),
    });
    yield { round, length: meanLength(episodes), ...losses };
  }
}

/** How long episodes last on average if what is likelier is done. */
export function judge(trainer, random, count = 100) {
  return meanLength(play(trainer, random, count, (right) => Number(right > 0.5)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [module, seed = '1'] = process.argv.slice(2);
  const { createTrainer } = await import(pathToFileURL(resolve(module)));
  const trainer = await createTrainer({ seed: Number(seed) });
  const random = generator(Number(seed));
  console.log(`untrained: ${judge(trainer, random).toFixed(1)} steps`);
  for (const { round, length, regret, surprise, entropy } of learn(trainer, random, 150))
    if (round % 10 === 0) {
      const numbers = { regret, surprise, entropy };
      const told = Object.entries(numbers).map(([name, value]) => `${name} ${value.toFixed(4)}`);
      console.log(`round ${String(round).padStart(3)}: ${length.toFixed(1).padStart(5)} steps  ${told.join('  ')}`);
    }
  console.log(`what is likelier, 100 episodes: ${judge(trainer, random).toFixed(1)} of ${longest} steps`);
}
