// The picture of the page: where the network expects which spiral after some epochs, in a run that goes on in a new trainer each time.
import { beside, compileModel, plot, Plot } from '../../scripts/drawing.mjs';
import { test, train } from './data.mjs';

const shown = [5, 15, 60];
const side = 60;

/** Trains as the page does, with a tab that is reloaded after each of these epochs. Returns the text of an SVG. */
export async function picture() {
  const { createTrainer, settings } = await compileModel(new URL('spirals.nn', import.meta.url));
  const { epochs, batch } = settings;
  const points = Array.from(test.arm, (arm, i) => ({ arm, x: test.point[2 * i], y: test.point[2 * i + 1] }));
  const grid = Float32Array.from({ length: 2 * side * side }, (_, i) => {
    const cell = i >> 1;
    return ((i % 2 === 0 ? cell % side : Math.floor(cell / side)) / (side - 1)) * 2.4 - 1.2;
  });
  const plots = [];
  let checkpoint;
  let start = 0;
  for (const last of shown) {
    const trainer = await createTrainer(checkpoint && { parameters: checkpoint });
    for await (const { epoch, steps } of trainer.fit(train, { epochs, batch, start, report: 'epoch' })) {
      start = epoch * steps;
      if (epoch === last) break;
    }
    checkpoint = await trainer.save({ optimizer: true });
    const { probability } = trainer.predict({ point: grid });
    const values = Array.from({ length: side * side }, (_, i) => probability[2 * i + 1]);
    plots.push(
      plot({
        title: `after epoch ${last}`,
        width: 270,
        height: 282,
        marginLeft: 12,
        marginRight: 12,
        marginBottom: 24,
        x: { axis: null, domain: [-1.2, 1.2] },
        y: { axis: null, domain: [-1.2, 1.2] },
        color: { domain: [0, 1], range: ['#f0b45a', '#5aaac8'] },
        marks: [
          Plot.contour(values, {
            ...{ width: side, height: side, x1: -1.2, x2: 1.2, y1: -1.2, y2: 1.2 },
            ...{ fill: (p) => p, thresholds: [0, 0.25, 0.5, 0.75], stroke: 'none' },
          }),
          Plot.dot(points, { x: 'x', y: 'y', r: 1.2, fill: ({ arm }) => (arm === 0 ? '#8a4b00' : '#004a66') }),
        ],
      }),
    );
  }
  return beside(...plots);
}
