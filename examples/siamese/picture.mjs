// The picture of the page: where 500 test digits stand on the map before training, after an epoch, and at the end.
import { beside, compileModel, plot, Plot } from '../../scripts/drawing.mjs';
import { test, train } from '../mnist/data.mjs';
import { placesOf } from './neighbours.mjs';

const count = 500;

/** Trains as `nnc train` does. Returns the text of an SVG. */
export async function picture() {
  const { createTrainer, settings } = await compileModel(new URL('siamese.nn', import.meta.url));
  const trainer = await createTrainer({ batch: 1000 });
  const { epochs, batch } = settings;
  const data = { image: Float32Array.from(train.image), label: train.label };
  const maps = [mapOf(trainer, 'before training')];
  for await (const { epoch } of trainer.fit(data, { epochs, batch })) {
    if (epoch === 1) maps.push(mapOf(trainer, 'after 1 epoch'));
    if (epoch === epochs) maps.push(mapOf(trainer, `after ${epochs} epochs`));
  }
  return beside(...maps);
}

/** The digits at their places, each drawn as its numeral in its colour. */
function mapOf(trainer, title) {
  const places = placesOf(trainer, test.image.subarray(0, 784 * count));
  const digits = Array.from({ length: count }, (_, i) => ({
    x: places[2 * i],
    y: places[2 * i + 1],
    digit: String(test.label[i]),
  }));
  return plot({
    title,
    width: 300,
    height: 300,
    marginLeft: 12,
    marginBottom: 12,
    x: { axis: null },
    y: { axis: null },
    color: { scheme: 'observable10', domain: [...'0123456789'] },
    marks: [Plot.text(digits, { x: 'x', y: 'y', text: 'digit', fill: 'digit', fontSize: 9 })],
  });
}
