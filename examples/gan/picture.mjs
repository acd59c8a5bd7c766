// The picture of the page: how the contest goes, forgeries of the same codes after some steps, and many at the end.
import { beside, compileModel, greyPicture, pictures, plot, Plot } from '../../scripts/drawing.mjs';
import { train } from '../autoencoder/data.mjs';
import { generator } from '../moby-dick/write.mjs';
import { latentOf, normals, sample } from '../vae/sample.mjs';

const size = { width: 28, height: 28 };
const shown = [0, 235, 469, 938, 1876, 3752, 7504];
const columns = 8;

/** Trains as `nnc train` does. Returns the text of an SVG. */
export async function picture() {
  const { createTrainer, model, settings } = await compileModel(new URL('gan.nn', import.meta.url));
  const trainer = await createTrainer({ batch: settings.batch });
  const { epochs, batch } = settings;
  const z = normals(columns * latentOf(model), generator(1));
  const history = [];
  const rows = [trainer.predict({ z }).sample];
  const data = { image: Float32Array.from(train.image) };
  for await (const { epoch, step, steps, losses } of trainer.fit(data, { epochs, batch, report: 'step' })) {
    const done = (epoch - 1) * steps + step;
    // The means of this epoch so far.
    if (done % 67 === 0) history.push({ step: done, ...losses });
    if (shown.includes(done)) rows.push(trainer.predict({ z }).sample);
  }
  return beside(
    plot({
      title: 'loss of critic (blue) and generator (orange)',
      height: 306,
      y: { domain: [0, 2.5], label: null },
      marks: [
        Plot.line(history, { x: 'step', y: 'critic_loss', stroke: '#4269d0' }),
        Plot.line(history, { x: 'step', y: 'generator_loss', stroke: '#efb118' }),
        Plot.ruleY([2 * Math.log(2), Math.log(2)], { stroke: '#888', strokeDasharray: '2,3' }),
      ],
    }),
    pictures({
      title: 'the same codes after so many steps',
      image: greyPicture(rows.flatMap(cut), { ...size, columns }),
      scale: 1.23,
      rows: shown.map(String),
      marginLeft: 46,
    }),
    pictures({
      title: 'forgeries',
      image: greyPicture(cut(sample(trainer, model, columns * columns, generator(2))), { ...size, columns }),
      scale: 1.08,
    }),
  );
}

/** Pictures one by one. */
function cut(values) {
  return Array.from({ length: values.length / 784 }, (_, i) => values.subarray(784 * i, 784 * (i + 1)));
}
