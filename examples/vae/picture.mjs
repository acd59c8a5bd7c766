// The picture of the page: how the two parts of the loss move, digits drawn at random, and what lies between two codes.
import { beside, compileModel, greyPicture, pictures, plot, Plot } from '../../scripts/drawing.mjs';
import { test, train } from '../autoencoder/data.mjs';
import { generator } from '../moby-dick/write.mjs';
import { latentOf, normals, sample } from './sample.mjs';

const size = { width: 28, height: 28 };
const [rows, columns] = [8, 8];

/** Trains as `nnc train` does. Returns the text of an SVG. */
export async function picture() {
  const { createTrainer, model, settings } = await compileModel(new URL('vae.nn', import.meta.url));
  const trainer = await createTrainer({ batch: 1000 });
  const { epochs, batch } = settings;
  const images = Float32Array.from(train.image);
  const tested = { image: Float32Array.from(test.image.subarray(0, 784 * 1000)) };
  const history = [];
  for await (const { epoch, step, steps } of trainer.fit({ image: images }, { epochs, batch, report: 'step' })) {
    const done = (epoch - 1) * steps + step;
    if (done % 134 === 0) history.push({ step: done, ...trainer.evaluate(tested) });
  }
  const drawn = sample(trainer, model, rows * columns, generator(1));
  return beside(
    plot({
      title: 'nats: reconstruction (blue), divergence',
      height: 306,
      y: { domain: [0, 160], label: null },
      marks: [
        Plot.line(history, { x: 'step', y: 'reconstruction', stroke: '#4269d0' }),
        Plot.line(history, { x: 'step', y: 'divergence', stroke: '#efb118' }),
      ],
    }),
    pictures({ title: 'drawn at random', image: greyPicture(cut(drawn), { ...size, columns }), scale: 1.08 }),
    pictures({
      title: 'from one code to another',
      image: greyPicture(cut(trainer.predict({ z: between(latentOf(model)) }).sample), { ...size, columns }),
      scale: 1.08,
    }),
  );
}

/** Pictures one by one. */
function cut(values) {
  return Array.from({ length: values.length / 784 }, (_, i) => values.subarray(784 * i, 784 * (i + 1)));
}

/** In each row the codes from one to another. Those of a length are equally likely: codes between them are made as long. */
function between(latent) {
  const random = generator(2);
  const codes = Array.from({ length: rows }, () => [normals(latent, random), normals(latent, random)]);
  return Float32Array.from(
    codes.flatMap(([from, to]) =>
      Array.from({ length: columns }, (_, i) => {
        const share = i / (columns - 1);
        const code = Array.from(from, (value, j) => (1 - share) * value + share * to[j]);
        const wanted = (1 - share) * Math.hypot(...from) + share * Math.hypot(...to);
        const length = Math.hypot(...code);
        return code.map((value) => (value * wanted) / length);
      }).flat(),
    ),
  );
}
