// What stands within the network, as pictures side by side: each parameter and each value on the way, with the gradient of the loss by it.
import { onTheme } from '../page/colours.js';
import { element } from '../page/elements.js';
import type { Inside, Pair, Shown } from './inside.js';
import { extentOf, paintTensor, tensorCanvas } from './tensorPicture.js';

export interface InsideView {
  readonly element: HTMLElement;
  show(inside: Inside | undefined): void;
  destroy(): void;
}

/** `light`: lights the lines that a value comes from. */
export function insideView(light: (lines: readonly number[]) => void): InsideView {
  const [parameters, activations] = [element('div', { class: 'pairs' }), element('div', { class: 'pairs' })];
  const rows = element('span', { class: 'soft' });
  const section = element(
    'div',
    { class: 'inside' },
    element('h2', {}, 'Parameters'),
    parameters,
    element('h2', {}, 'Values on the way ', rows),
    activations,
  );
  let last: Inside | undefined;
  const cards = new Map<string, Card>();
  const fill = (place: HTMLElement, pairs: readonly Pair[]): void => {
    const shown = pairs.map((pair) => {
      const key = `${place === parameters ? 'parameter' : 'value'} ${pair.name} ${pair.gradient !== undefined}`;
      const card = cards.get(key) ?? cardOf(pair, light);
      cards.set(key, card);
      card.show(pair);
      return card.element;
    });
    if (shown.length !== place.children.length || shown.some((card, i) => place.children[i] !== card))
      place.replaceChildren(...shown);
  };
  const show = (inside: Inside | undefined): void => {
    last = inside;
    section.hidden = inside === undefined;
    if (!inside) return;
    rows.textContent = `for the first ${inside.rows === 1 ? 'row' : `${inside.rows} rows`} of the data`;
    fill(parameters, inside.parameters);
    fill(activations, inside.activations);
  };
  const forget = onTheme(() => show(last));
  return { element: section, show, destroy: forget };
}

interface Card {
  readonly element: HTMLElement;
  show(pair: Pair): void;
}

function cardOf({ name, lines, gradient }: Pair, light: (lines: readonly number[]) => void): Card {
  const [value, slope] = [pictureOf(), gradient && pictureOf()];
  const shape = element('span', { class: 'soft' });
  const card = element(
    'figure',
    { class: 'pair', onpointerenter: () => light(lines), onpointerleave: () => light([]) },
    element('figcaption', {}, element('b', {}, name), ' ', shape),
    value.element,
    slope &&
      element('div', { class: 'slope' }, element('span', { class: 'soft' }, gradient?.name ?? ''), slope.element),
  );
  return {
    element: card,
    show(pair) {
      shape.textContent = `[${pair.value.shape.join(', ')}]`;
      value.show(pair.value, pair.name);
      if (slope && pair.gradient) slope.show(pair.gradient, pair.gradient.name);
    },
  };
}

function pictureOf(): { readonly element: HTMLElement; show(shown: Shown, name: string): void } {
  const canvas = tensorCanvas();
  const extent = element('span', { class: 'extent' });
  return {
    element: element('div', { class: 'picture' }, canvas, extent),
    show(shown, name) {
      paintTensor(canvas, shown);
      extent.textContent = extentOf(shown.values);
      canvas.setAttribute('aria-label', `${name}, from ${extent.textContent.replace('…', 'to')}`);
    },
  };
}
