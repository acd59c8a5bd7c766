// The picture of the page: students with a teacher and without, epoch by epoch and for more digits, and what the teacher says of some.
import { beside, compileModel, greyPicture, plot, Plot } from '../../scripts/drawing.mjs';
import { test, train } from '../mnist/data.mjs';
import { firstDigits, opinionOf, study } from './compare.mjs';

const seeds = [1, 2, 3, 4, 5];
const counts = [200, 500, 1000, 4000];
const temperature = 4;
const kinds = ['alone', 'taught'];
const colors = { domain: kinds, range: ['#efb118', '#4269d0'] };

/** Trains the teacher and the students. Returns the text of an SVG. */
export async function picture() {
  const teaching = await compileModel(new URL('teacher.nn', import.meta.url));
  const teacher = await teaching.createTrainer({ batch: 1000 });
  const { epochs, batch } = teaching.settings;
  for await (const { epoch } of teacher.fit(firstDigits(train, 60_000), { epochs, batch }))
    console.log(`teacher: epoch ${epoch}`);
  const { history, ends } = await studies(opinionOf(teacher));
  return beside(
    plot({
      title: 'accuracy: alone (yellow), taught (blue)',
      y: { domain: [0.8, 0.93], label: null },
      color: colors,
      marks: [
        Plot.line(history, { x: 'epoch', y: 'accuracy', z: 'run', stroke: 'kind', strokeOpacity: 0.6, clip: true }),
      ],
    }),
    plot({
      title: 'the same at the end, by the number of digits',
      x: { type: 'log', ticks: counts, tickFormat: (count) => count.toLocaleString('en'), label: null },
      y: { domain: [0.7, 1], label: null },
      color: colors,
      marks: [
        Plot.dot(ends, { x: 'count', y: 'accuracy', stroke: 'kind' }),
        Plot.line(ends, Plot.groupX({ y: 'mean' }, { x: 'count', y: 'accuracy', stroke: 'kind' })),
      ],
    }),
    opinions(teacher),
  );
}

/** How students do after each epoch on 1,000 digits, and at the end on others. Steps are about as many for all numbers of digits. */
async function studies(parameters) {
  const tested = firstDigits(test, 10_000);
  const [history, ends] = [[], []];
  for (const kind of kinds) {
    const { createTrainer } = await compileModel(
      new URL('student.nn', import.meta.url),
      kind === 'alone' ? { share: 0 } : {},
    );
    for (const count of counts)
      for (const seed of seeds) {
        const told = (epoch, accuracy) => history.push({ kind, run: `${kind} ${seed}`, epoch, accuracy });
        const epochs = Math.round(40 * Math.sqrt(1000 / count));
        const options = { epochs, batch: 32, ...(count === 1000 && { told }) };
        const accuracy = await study(createTrainer, seed, parameters, firstDigits(train, count), tested, options);
        ends.push({ kind, count, accuracy });
      }
  }
  return { history, ends };
}

/** The test digits of which the teacher is least sure, among those that it names rightly, with its softened opinion. */
function opinions(teacher) {
  const { logits } = teacher.predict({ image: Float32Array.from(test.image.subarray(0, 784 * 1000)) });
  const rows = Array.from({ length: 1000 }, (_, digit) => {
    const row = Array.from(logits.subarray(10 * digit, 10 * (digit + 1)));
    const most = Math.max(...row);
    const softened = row.map((z) => Math.exp((z - most) / temperature));
    const total = softened.reduce((sum, value) => sum + value, 0);
    const shares = softened.map((value) => value / total);
    return { digit, right: row.indexOf(most) === test.label[digit], shares, sure: Math.max(...shares) };
  });
  const some = rows.filter(({ right }) => right).sort((a, b) => a.sure - b.sure);
  const shown = [0, 20, 40, 80, 160, 320].map((place) => some[place]);
  const cells = shown.flatMap(({ shares }, y) => shares.map((share, kind) => ({ y, kind, share })));
  const grey = ({ digit }) => Array.from(test.image.subarray(784 * digit, 784 * (digit + 1)), (value) => value / 255);
  return plot({
    title: 'what the teacher says at temperature 4',
    marginLeft: 50,
    padding: 0,
    x: { type: 'band', label: null, tickSize: 0 },
    y: { type: 'band', axis: null },
    color: { type: 'linear', domain: [0, 0.5], range: ['#f7f7f7', '#08519c'], clamp: true },
    marks: [
      Plot.cell(cells, { x: 'kind', y: 'y', fill: 'share', inset: 1 }),
      Plot.image(shown, {
        frameAnchor: 'left',
        dx: -24,
        y: (_, y) => y,
        src: (row) => greyPicture([grey(row)], { width: 28, height: 28, columns: 1 }).src,
        width: 30,
        height: 30,
      }),
    ],
  });
}
