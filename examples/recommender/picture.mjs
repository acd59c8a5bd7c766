// The picture of the page: how the errors fall, and the foods on a map of the two directions in which their traits differ most.
import { beside, compileModel, plot, Plot } from '../../scripts/drawing.mjs';
import { foods, train, validation } from './data.mjs';

const named =
  'tofu,refried beans,beans,meat substitutes,soda,pizza,hamburger,lunch meat,fries,coffee,hot tea,wine,beer,walnuts,berries,' +
  'green salad,yogurt,milk,sliced cheese,protein bars,cold cereal,avocado,bacon sausage,chocolate candy,bananas,energy drinks';

/** Trains as `nnc train` does. Returns the text of an SVG. */
export async function picture() {
  const { createTrainer, settings } = await compileModel(new URL('recommender.nn', import.meta.url));
  const trainer = await createTrainer();
  const { epochs, batch } = settings;
  const history = [];
  for await (const progress of trainer.fit(train, { epochs, batch, validation }))
    history.push({ epoch: progress.epoch, train: progress.losses.error, validation: progress.validation.error });
  return beside(
    plot({
      title: 'error in training (blue), on other answers (orange)',
      y: { domain: [2, 4.5], label: null },
      marks: [
        Plot.line(history, { x: 'epoch', y: 'train', stroke: '#4269d0' }),
        Plot.line(history, { x: 'epoch', y: 'validation', stroke: '#efb118', strokeWidth: 2 }),
      ],
    }),
    plot({
      title: 'foods by their traits',
      width: 480,
      marginLeft: 12,
      marginBottom: 12,
      x: { axis: null, inset: 30 },
      y: { axis: null, inset: 10 },
      marks: [Plot.text(mapOf(trainer.parameters.trait), { x: 'x', y: 'y', text: 'food', fontSize: 10 })],
    }),
  );
}

/** The named foods at their places along the two principal directions of all traits. */
function mapOf(traits) {
  const factors = traits.length / foods.length;
  const rows = foods.map((_, i) => Array.from(traits.subarray(factors * i, factors * (i + 1))));
  const means = rows[0].map((_, j) => rows.reduce((sum, row) => sum + row[j], 0) / rows.length);
  const centred = rows.map((row) => row.map((value, j) => value - means[j]));
  const first = principal(centred, []);
  const second = principal(centred, [first]);
  return named.split(',').map((food) => {
    const row = centred[foods.indexOf(food)];
    return { food, x: dot(row, first), y: dot(row, second) };
  });
}

/** The direction of the largest spread that is orthogonal to those given, by power iteration. */
function principal(rows, others) {
  let direction = rows[0].map((_, j) => 1 / (j + 1));
  for (let round = 0; round < 200; round++) {
    const next = direction.map((_, j) => rows.reduce((sum, row) => sum + row[j] * dot(row, direction), 0));
    const rest = others.reduce((left, other) => left.map((value, j) => value - dot(left, other) * other[j]), next);
    direction = rest.map((value) => value / Math.hypot(...rest));
  }
  return direction;
}

function dot(a, b) {
  return a.reduce((sum, value, j) => sum + value * b[j], 0);
}
