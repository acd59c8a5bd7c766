// The picture of the page: pairs of distorted digits, what labels tell of features, and which digits the encoder takes for alike.
import { beside, compileModel, greyPicture, pictures, plot, Plot } from '../../scripts/drawing.mjs';
import { firstDigits } from '../distillation/compare.mjs';
import { test, train } from '../mnist/data.mjs';
import { generator } from '../moby-dick/write.mjs';
import { pairs } from './distort.mjs';
import { contrast, encoderOf, probe } from './train.mjs';

const size = { width: 28, height: 28 };
const counts = [50, 100, 300, 1000];
const columns = 8;

/** Trains as train.mjs does. Returns the text of an SVG. */
export async function picture() {
  const contrasting = await compileModel(new URL('contrast.nn', import.meta.url));
  const probing = await compileModel(new URL('probe.nn', import.meta.url));
  const pixels = await compileModel(new URL('probe.nn', import.meta.url), { pixels: true });
  const trainer = await contrasting.createTrainer({ batch: 256 });
  const untrained = encoderOf(await contrasting.createTrainer());
  for (const { step, loss } of contrast(trainer, generator(1), { steps: 2000 }))
    if (step % 500 === 0) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
  const tested = firstDigits(test, 10_000);
  const found = [];
  for (const count of counts)
    for (const [what, { createTrainer }, parameters] of [
      ['pixels', pixels, {}],
      ['untrained encoder', probing, untrained],
      ['contrast', probing, encoderOf(trainer)],
    ])
      found.push({ what, count, accuracy: await probe(createTrainer, parameters, count, tested) });
  const reader = await probing.createTrainer({ parameters: encoderOf(trainer), batch: 5000 });
  return beside(
    pictures({ title: 'pairs: a digit, distorted twice', image: pairsOf(), scale: 1.08 }),
    plot({
      title: 'accuracy of a linear reader, by labels',
      height: 306,
      marginRight: 20,
      x: { type: 'log', ticks: counts, tickFormat: String, label: null },
      y: { domain: [0.5, 1], label: null },
      color: { domain: ['pixels', 'untrained encoder', 'contrast'], range: ['#888', '#efb118', '#4269d0'] },
      marks: [
        Plot.line(found, { x: 'count', y: 'accuracy', stroke: 'what', marker: 'dot' }),
        Plot.text(
          found.filter(({ count }) => count === 300),
          { x: 'count', y: 'accuracy', text: 'what', fill: 'what', dy: 14, textAnchor: 'start' },
        ),
      ],
    }),
    pictures({ title: 'a digit, and the nearest of 5,000', image: neighboursOf(reader), scale: 1.08 }),
  );
}

/** Two by two. */
function pairsOf() {
  const { left, right } = pairs(train, 60_000, columns * 4, generator(3));
  const both = Array.from({ length: columns * 4 }, (_, i) => [cut(left, i, 255), cut(right, i, 255)]);
  return greyPicture(both.flat(), { ...size, columns });
}

/** In each row a test digit and those whose features point in the most similar direction. */
function neighboursOf(reader) {
  const { features } = reader.predict({ image: Float32Array.from(test.image.subarray(0, 784 * 5000)) });
  const width = features.length / 5000;
  const rows = Array.from({ length: 5000 }, (_, i) => {
    const row = Array.from(features.subarray(width * i, width * (i + 1)));
    const length = Math.hypot(...row);
    return row.map((value) => value / length);
  });
  const asked = Array.from({ length: 8 }, (_, i) => 11 * i + 1);
  const shown = asked.flatMap((query) =>
    rows
      .map((row, i) => ({ i, cosine: row.reduce((sum, value, j) => sum + value * rows[query][j], 0) }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, columns),
  );
  return greyPicture(
    shown.map(({ i }) => cut(test.image, i, 255)),
    { ...size, columns },
  );
}

function cut(values, i, most) {
  return Array.from(values.subarray(784 * i, 784 * (i + 1)), (value) => value / most);
}
