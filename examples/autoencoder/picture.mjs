// The picture of the page: how the error falls, and test digits beside what is restored of them after some steps of training.
import { beside, compileModel, greyPicture, plot, Plot } from '../../scripts/drawing.mjs';
import { test, train } from './data.mjs';

const shown = [0, 100, 938, 4690];
const count = 10;

/** Trains as `nnc train` does. Returns the text of an SVG. */
export async function picture() {
  const { createTrainer, settings } = await compileModel(new URL('autoencoder.nn', import.meta.url));
  const trainer = await createTrainer({ batch: 1000 });
  const { epochs, batch } = settings;
  const digits = Float32Array.from(test.image.subarray(0, 784 * count));
  const history = [];
  const rows = [picturesOf(digits, 255), restored(trainer, digits)];
  for await (const { epoch, step, steps } of trainer.fit(
    { image: Float32Array.from(train.image) },
    { epochs, batch, report: 'step' },
  )) {
    const done = (epoch - 1) * steps + step;
    if (done % 67 === 0) history.push({ step: done, error: trainer.evaluate({ image: digits1000() }).error });
    if (shown.includes(done)) rows.push(restored(trainer, digits));
  }
  const image = greyPicture(rows.flat(), { width: 28, height: 28, columns: count });
  return beside(
    plot({
      title: 'mean squared error of 1,000 test digits',
      y: { type: 'log', domain: [0.01, 0.05], label: null, ticks: [0.01, 0.02, 0.03, 0.04, 0.05], tickFormat: String },
      marks: [Plot.line(history, { x: 'step', y: 'error', stroke: '#4269d0' })],
    }),
    plot({
      title: 'test digits, and what is restored after so many steps',
      width: 460,
      marginLeft: 60,
      x: { axis: null, domain: [0, image.width] },
      y: {
        domain: [image.height, 0],
        ticks: rows.map((_, i) => 30 * i + 14),
        tickFormat: (y) => ['digits', ...shown.map(String)][Math.floor(y / 30)],
        label: null,
        tickSize: 0,
      },
      marks: [
        Plot.image([{ x: image.width / 2, y: image.height / 2 }], {
          x: 'x',
          y: 'y',
          src: () => image.src,
          width: 380,
          height: 210,
          preserveAspectRatio: 'none',
        }),
      ],
    }),
  );
}

const digits1000 = () => Float32Array.from(test.image.subarray(0, 784 * 1000));

/** Each picture by itself, white being 1. */
function picturesOf(values, most) {
  return Array.from({ length: count }, (_, i) => Array.from(values.subarray(784 * i, 784 * (i + 1)), (v) => v / most));
}

function restored(trainer, digits) {
  return picturesOf(trainer.predict({ image: digits }).restored, 1);
}
