// The picture of the page: how the loss on unread chapters falls, and what the network writes after some steps.
import { beside, compileModel, plot, Plot } from '../../scripts/drawing.mjs';
import { test, train } from '../moby-dick/data.mjs';
import { generator } from '../moby-dick/write.mjs';
import { write } from './write.mjs';

const shown = [23, 115, 529, 2116];
const unread = { text: test.text.subarray(0, 64 * 128), next: test.next.subarray(0, 64 * 128) };

/** Trains as `nnc train` does. Returns the text of an SVG. */
export async function picture() {
  const { createTrainer, settings } = await compileModel(new URL('gru.nn', import.meta.url));
  const writer = await (await compileModel(new URL('writer.nn', import.meta.url))).createTrainer();
  const trainer = await createTrainer({ batch: 128 });
  const { epochs, batch } = settings;
  const history = [];
  const texts = [];
  for await (const { epoch, step, steps } of trainer.fit(train, { epochs, batch, report: 'step' })) {
    const done = (epoch - 1) * steps + step;
    if (done % 23 === 0) history.push({ step: done, loss: trainer.evaluate(unread).loss });
    if (!shown.includes(done)) continue;
    writer.load(trainer.save());
    texts.push(...linesOf(done, write(writer, 'The whale ', generator(1), 150)));
  }
  return beside(
    plot({
      title: 'loss on unread chapters',
      y: { label: null },
      marks: [Plot.line(history, { x: 'step', y: 'loss', stroke: '#4269d0' })],
    }),
    plot({
      title: 'what it writes after so many steps',
      width: 520,
      marginLeft: 46,
      x: { axis: null, domain: [0, 1] },
      y: { axis: null, domain: [texts.length - 0.3, -0.7] },
      marks: [
        Plot.text(texts, { x: 0, y: (_, i) => i, text: 'line', textAnchor: 'start', dx: 6, fontFamily: 'monospace' }),
        Plot.text(texts, { x: 0, y: (_, i) => i, text: 'step', textAnchor: 'end', dx: -6, fontWeight: 'bold' }),
      ],
    }),
  );
}

/** Words in lines of at most 64 characters, the first of which bears the number of steps. */
function linesOf(step, text) {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (longer.length > 64) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line, i) => ({ line, step: i === 0 ? String(step) : '' }));
}
