// Which data: the choice, and what belongs to it, brushes for points, a text, a file.
import { classCount } from '../page/colours.js';
import { button, element } from '../page/elements.js';
import { areKept } from '../page/draft.js';
import type { PlaygroundStore } from '../state.js';
import { isPlane, kinds, type DataChoice, type Plane, type Point } from './choice.js';

export interface DataControls {
  readonly element: HTMLElement;
  show(choice: DataChoice): void;
}

export type Brush = number | 'erase' | undefined;

/** Files of more bytes than this are not read: a page holds them in memory several times. */
const largestFile = 50_000_000;

/** `dropArea`: where files may be dropped. */
export function dataControls(
  store: PlaygroundStore,
  brushed: (brush: Brush) => void,
  say: (message: string) => void,
  dropArea: HTMLElement,
): DataControls {
  const options = Object.entries(kinds).map(([value, title]) => element('option', { value }, title));
  const select = element('select', { id: 'data-kind' }, ...options);
  const own = element('div', { class: 'own-data' });
  select.addEventListener('change', () => choose(select.value as DataChoice['kind']));

  const choose = (kind: DataChoice['kind']): void => {
    if (kind === 'csv') {
      file.click();
      // Until a file is chosen the data stay what they were.
      select.value = store.get().data.kind;
    } else store.set({ data: { kind } });
  };
  const file = element('input', {
    type: 'file',
    accept: '.csv,.tsv,.txt,text/csv',
    class: 'hidden',
    tabindex: -1,
    'aria-label': 'A csv file',
  });
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    file.value = '';
    if (chosen) void read(chosen, store, say);
  });
  const whole = element(
    'div',
    { class: 'data-controls' },
    element('label', { for: 'data-kind' }, 'Data'),
    select,
    own,
    file,
  );
  // A browser would leave the page for a file that is dropped beside the place for it.
  dropArea.addEventListener('dragover', (event) => event.preventDefault());
  dropArea.addEventListener('drop', (event) => {
    event.preventDefault();
    const [dropped] = event.dataTransfer?.files ?? [];
    if (dropped) void read(dropped, store, say);
  });
  let shown: DataChoice['kind'] | undefined;
  return {
    element: whole,
    show(choice) {
      select.value = choice.kind;
      if (choice.kind === shown) return;
      shown = choice.kind;
      brushed(isPlane(choice) ? 0 : undefined);
      own.replaceChildren(...ownOf(choice, store, brushed, () => file.click()));
    },
  };
}

async function read(file: File, store: PlaygroundStore, say: (message: string) => void): Promise<void> {
  if (file.size > largestFile) return say(`${file.name} is too large for a page: at most 50 MB are read here`);
  store.set({ data: { kind: 'csv', name: file.name, text: await file.text() } });
  const isKept = areKept(store.get());
  say(`${file.name} is read${isKept ? '' : ': too large to be kept for another visit, or for a link'}`);
}

function ownOf(
  choice: DataChoice,
  store: PlaygroundStore,
  brushed: (brush: Brush) => void,
  browse: () => void,
): HTMLElement[] {
  if (isPlane(choice)) return [brushes(choice.kind, store, brushed)];
  switch (choice.kind) {
    case 'text':
      return [textOf(choice.text, store)];
    case 'csv':
      return [element('p', { class: 'soft' }, choice.name), button('Another file', browse)];
    case 'iris':
    case 'digits':
      return [];
    default:
      return choice satisfies never;
  }
}

function brushes(kind: Plane, store: PlaygroundStore, brushed: (brush: Brush) => void): HTMLElement {
  const brush = (value: Brush, title: string, kindOf: string): HTMLElement => {
    const said = value === 'erase' ? 'erase points' : `draw points of class ${title}`;
    const radio = element('input', {
      type: 'radio',
      name: 'brush',
      value: String(value),
      checked: value === 0,
      'aria-label': said,
    });
    radio.addEventListener('change', () => brushed(value));
    return element('label', { class: `brush ${kindOf}` }, radio, element('span', {}, title));
  };
  const points = (next: readonly Point[] | undefined): void =>
    store.set({ data: { kind, ...(next && { points: next }) } });
  return element(
    'fieldset',
    { class: 'brushes' },
    element('legend', {}, 'Draw'),
    ...Array.from({ length: Math.min(3, classCount) }, (_, i) => brush(i, `${i}`, `class-${i}`)),
    brush('erase', 'erase', 'eraser'),
    button('Clear', () => points([])),
    button('Restore', () => points(undefined)),
  );
}

function textOf(text: string | undefined, store: PlaygroundStore): HTMLElement {
  const area = element('textarea', {
    rows: 6,
    id: 'own-text',
    placeholder: 'Paste a text of your own; empty: the first chapters of Moby-Dick',
  });
  area.value = text ?? '';
  area.addEventListener('change', () => {
    const { value } = area;
    store.set({ data: { kind: 'text', ...(value.trim() !== '' && { text: value }) } });
  });
  return element('div', {}, element('label', { for: 'own-text', class: 'soft' }, 'Your own text'), area);
}
