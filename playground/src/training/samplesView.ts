// Some rows of the data with what the network tells of them: as images, as numbers, or a text that it writes.
import { element } from '../page/elements.js';
import type { Look, Sample } from './look.js';

export interface SamplesView {
  readonly element: HTMLElement;
  show(look: Exclude<Look, { kind: 'plane' }>): void;
}

export function samplesView(): SamplesView {
  const place = element('div', { class: 'samples' });
  return {
    element: place,
    show(look) {
      switch (look.kind) {
        case 'images':
          place.replaceChildren(imagesOf(look));
          return;
        case 'rows':
          place.replaceChildren(tableOf(look));
          return;
        case 'text':
          place.replaceChildren(element('pre', { class: 'written', tabindex: 0 }, look.text));
          return;
        case 'none':
          place.replaceChildren(element('p', { class: 'soft' }, look.why));
          return;
        default:
          look satisfies never;
      }
    },
  };
}

function imagesOf({ width, height, channels, pixels, samples }: Extract<Look, { kind: 'images' }>): HTMLElement {
  const size = width * height;
  const items = samples.map((sample, at) => {
    const canvas = element('canvas', { width, height, role: 'img', 'aria-label': `a picture of ${sample.truth}` });
    const context = canvas.getContext('2d');
    const image = context?.createImageData(width, height);
    if (context && image) {
      for (let i = 0; i < size; i++) {
        const from = at * size * channels + i;
        const parts = [0, 1, 2].map((c) => 255 * pixels[from + Math.min(c, channels - 1) * size]);
        image.data.set([...parts, 255], 4 * i);
      }
      context.putImageData(image, 0, 0);
    }
    return element('li', { class: classOf(sample) }, canvas, toldOf(sample));
  });
  return element('ul', { class: 'images' }, ...items);
}

/** Right and wrong are signs for who does not see colours; an amount has what it should be beside it. */
function toldOf({ truth, told, right }: Sample): HTMLElement {
  return element('span', {}, told, right === undefined ? ` (${truth})` : right ? ' ✓' : ` ✗ (${truth})`);
}

const classOf = ({ right }: Sample): string | undefined =>
  right === undefined ? undefined : right ? 'right' : 'wrong';

function tableOf({ of, names, samples }: Extract<Look, { kind: 'rows' }>): HTMLElement {
  const most = 8;
  const shown = names.slice(0, most);
  const cell = (value: number): HTMLElement => element('td', {}, String(Number(value.toPrecision(4))));
  const head = element(
    'tr',
    {},
    element('th', { scope: 'col', class: 'told' }, 'told'),
    ...shown.map((name) => element('th', { scope: 'col' }, name)),
    names.length > most && element('th', { scope: 'col' }, '…'),
  );
  const rows = samples.map((sample) =>
    element(
      'tr',
      { class: classOf(sample) },
      element('td', { class: 'told' }, toldOf(sample)),
      ...sample.row.slice(0, most).map(cell),
      names.length > most && element('td', {}, '…'),
    ),
  );
  return element(
    'div',
    { class: 'wide', tabindex: 0, role: 'group', 'aria-label': 'Rows of the data' },
    element(
      'table',
      {},
      element('caption', {}, `What the network tells of ${of}`),
      element('thead', {}, head),
      element('tbody', {}, ...rows),
    ),
  );
}
