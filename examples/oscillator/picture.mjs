// The picture of the page: how the loss falls, and the curve beside the closed solution after some epochs.
import { beside, compileModel, plot, Plot } from '../../scripts/drawing.mjs';
import { test, train } from './data.mjs';

const shown = [10, 50, 1000];

/** Trains as `nnc train` does. Returns the text of an SVG. */
export async function picture() {
  const { createTrainer, settings } = await compileModel(new URL('oscillator.nn', import.meta.url));
  const trainer = await createTrainer();
  const { epochs, batch } = settings;
  const history = [];
  const curves = [];
  for await (const { epoch, losses } of trainer.fit(train, { epochs, batch })) {
    if (epoch % 5 === 0) history.push({ epoch, ...losses });
    if (!shown.includes(epoch)) continue;
    const { u } = trainer.predict({ t: test.t });
    curves.push(...Array.from(test.t, (t, i) => ({ t, u: u[i], epoch })));
  }

  const [damping, frequency] = [0.2, Math.sqrt(2 ** 2 - 0.2 ** 2)];
  const solution = Array.from(test.t, (t) => ({
    t,
    u: Math.exp(-damping * t) * (Math.cos(frequency * t) + (damping / frequency) * Math.sin(frequency * t)),
  }));
  return beside(
    plot({
      title: 'loss (blue) and error (orange)',
      y: {
        type: 'log',
        ticks: [1, 0.1, 0.01, 0.001, 0.0001],
        tickFormat: String,
        label: null,
      },
      marks: [
        Plot.line(history, { x: 'epoch', y: 'loss', stroke: '#4269d0' }),
        Plot.line(history, { x: 'epoch', y: 'error', stroke: '#efb118' }),
      ],
    }),
    plot({
      title: 'u after 10, 50 and 1,000 epochs (dashed: the solution)',
      y: { domain: [-1, 1.2], label: null },
      color: { domain: shown, range: ['#c6dbef', '#6baed6', '#08519c'] },
      marks: [
        Plot.line(curves, { x: 't', y: 'u', z: 'epoch', stroke: 'epoch', strokeWidth: 2 }),
        Plot.line(solution, { x: 't', y: 'u', stroke: 'black', strokeDasharray: '2,3' }),
      ],
    }),
  );
}
