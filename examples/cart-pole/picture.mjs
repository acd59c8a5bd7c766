// The picture of the page: how long episodes last while five networks learn, what one of them does where, and a pole before and after.
import { beside, compileModel, plot, Plot } from '../../scripts/drawing.mjs';
import { generator } from '../moby-dick/write.mjs';
import { learn, play } from './train.mjs';

const rounds = 150;
const seeds = [1, 2, 3, 4, 5];

/** Teaches a network for each seed. Returns the text of an SVG. */
export async function picture() {
  const { createTrainer } = await compileModel(new URL('cart-pole.nn', import.meta.url));
  const lengths = [];
  const angles = [];
  let first;
  for (const seed of seeds) {
    const trainer = await createTrainer({ seed, batch: 4000 });
    if (seed === 1) angles.push(...anglesOf(trainer, 'untrained'));
    for (const { round, length } of learn(trainer, generator(seed), rounds)) lengths.push({ round, length, seed });
    if (seed === 1) angles.push(...anglesOf(trainer, 'trained'));
    first ??= trainer;
  }
  return beside(
    plot({
      title: 'steps before the pole falls, five seeds',
      y: { domain: [0, 510], label: null },
      marks: [Plot.line(lengths, { x: 'round', y: 'length', z: 'seed', stroke: '#4269d0', strokeOpacity: 0.6 })],
    }),
    plot({
      title: 'pushes to the right (blue) and to the left',
      x: { label: '↑ degrees a second, degrees' },
      y: { label: null },
      color: { type: 'linear', domain: [0, 0.5, 1], range: ['#efb118', '#f7f7f7', '#4269d0'] },
      marks: [
        Plot.rect(policyOf(first), { x1: 'left', x2: 'right', y1: 'low', y2: 'high', fill: 'probability' }),
        Plot.ruleX([0], { stroke: '#888', strokeDasharray: '2,3' }),
        Plot.ruleY([0], { stroke: '#888', strokeDasharray: '2,3' }),
      ],
    }),
    plot({
      title: 'degrees of a pole, untrained (grey) and trained',
      x: { label: 'seconds' },
      y: { domain: [-12, 12], label: null },
      marks: [
        Plot.line(angles, {
          x: 'seconds',
          y: 'degrees',
          z: 'what',
          stroke: ({ what }) => (what === 'trained' ? '#4269d0' : '#888'),
        }),
      ],
    }),
  );
}

const degrees = 180 / Math.PI;

/** The angles in an episode in which what is likelier is done. */
function anglesOf(trainer, what) {
  const [{ states }] = play(trainer, generator(7), 1, (right) => Number(right > 0.5));
  return Array.from({ length: states.length / 4 }, (_, i) => ({
    what,
    seconds: i / 50,
    degrees: states[4 * i + 2] * degrees,
  }));
}

/** How likely a push to the right is, by angle and angular speed, in the middle of the track and at rest. */
function policyOf(trainer) {
  const cells = Array.from({ length: 24 * 24 }, (_, i) => ({ i: i % 24, j: Math.floor(i / 24) }));
  const places = cells.map(({ i, j }) => ({ left: i - 12, right: i - 11, low: 5 * (j - 12), high: 5 * (j - 11) }));
  const states = places.flatMap(({ left, low }) => [0, 0, (left + 0.5) / degrees, (low + 2.5) / degrees]);
  const { probability } = trainer.predict({ state: Float32Array.from(states) });
  return places.map((place, n) => ({ ...place, probability: probability[2 * n + 1] }));
}
