// The picture of the page: digits as the network knows them and turned, how well it reads them epoch by epoch, and for updates of each rank.
import { beside, compileModel, greyPicture, pictures, plot, Plot } from '../../scripts/drawing.mjs';
import { accuracyOn, firstDigits } from '../distillation/compare.mjs';
import { test, train } from '../mnist/data.mjs';
import { adapt, trainedIn, turned } from './adapt.mjs';

const ranks = [1, 2, 4, 8, 16];
const columns = 8;
const url = new URL('digits.nn', import.meta.url);

/** Trains and adapts as the page says. Returns the text of an SVG. */
export async function picture() {
  const plain = await compileModel(url);
  const learnt = await plain.createTrainer({ batch: 1000 });
  const { epochs, batch } = plain.settings;
  for await (const { epoch } of learnt.fit(firstDigits(train, 60_000), { epochs, batch }))
    console.log(`epoch ${epoch}`);
  const checkpoint = learnt.save();
  const [few, asked] = [turned(train, 1000, 45), turned(test, 10_000, 45)];
  const history = [];
  const told = (what) => (epoch, trainer) => history.push({ what, epoch, accuracy: accuracyOn(trainer, asked) });
  const begun = accuracyOn(learnt, asked);
  for (const what of ['all', 'rank 4']) history.push({ what, epoch: 0, accuracy: begun });
  const all = await adapt(plain, checkpoint, few, 40, told('all'));
  const ends = [];
  for (const rank of ranks) {
    const adapted = await compileModel(url, { rank });
    const trainer = await adapt(adapted, checkpoint, few, 40, rank === 4 ? told('rank 4') : undefined);
    ends.push({ rank, trained: trainedIn(adapted.model), accuracy: accuracyOn(trainer, asked) });
  }
  const shown = (count) =>
    Array.from({ length: count }, (_, i) => [test.image, asked.image].map((images) => greyOf(images, i))).flat();
  return beside(
    pictures({
      title: 'digits, and the same turned',
      image: greyPicture(shown((columns * 7) / 2), { width: 28, height: 28, columns }),
      scale: 1.0,
    }),
    plot({
      title: 'turned digits: all weights (grey), rank 4 (blue)',
      y: { domain: [0.4, 1], label: null },
      color: { domain: ['all', 'rank 4'], range: ['#888', '#4269d0'] },
      marks: [Plot.line(history, { x: 'epoch', y: 'accuracy', stroke: 'what' })],
    }),
    plot({
      title: 'at the end, by the numbers that are trained',
      x: { type: 'log', domain: [1000, 150_000], ticks: [1000, 10_000, 100_000], tickFormat: ',', label: null },
      y: { domain: [0.4, 1], label: null },
      marks: [
        Plot.line(ends, { x: 'trained', y: 'accuracy', stroke: '#4269d0', marker: 'dot' }),
        Plot.text(ends, { x: 'trained', y: 'accuracy', text: ({ rank }) => String(rank), dy: 14 }),
        Plot.dot([{ x: trainedIn(plain.model), y: accuracyOn(all, asked) }], { x: 'x', y: 'y', fill: '#888', r: 4 }),
        Plot.ruleY([begun], { stroke: '#888', strokeDasharray: '2,3' }),
      ],
    }),
  );
}

function greyOf(images, i) {
  return Array.from(images.subarray(784 * i, 784 * (i + 1)), (value) => value / 255);
}
