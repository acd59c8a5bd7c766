// Training: the data, the loss as it falls, what the network makes of the data, and what stands within it.
import { dataControls } from '../data/dataControls.js';
import { isPlane, type DataChoice, type Point } from '../data/choice.js';
import { pointsOf } from '../data/points.js';
import { button, element, setText, setUsable } from '../page/elements.js';
import { targetNames } from '../state.js';
import { curve } from '../training/curve.js';
import { insideView } from '../training/insideView.js';
import { planeView } from '../training/planeView.js';
import { samplesView } from '../training/samplesView.js';
import type { TrainingState } from '../training/session.js';
import type { Target } from '../../../src/targets.js';
import type { Mounted, PaneContext } from './registry.js';

export function mount(pane: HTMLElement, context: PaneContext): Mounted {
  const { store, training, light, say } = context;
  const controls = controlsOf(context);
  const plane = planeView((points) => {
    const { data } = store.get();
    if (isPlane(data)) store.set({ data: { ...data, points } });
  });
  const samples = samplesView();
  const data = dataControls(store, plane.brush, say, pane);
  const loss = curve();
  const inside = insideView(light);
  const opened = element('details', { class: 'section' }, element('summary', {}, 'Inside the network'), inside.element);
  opened.addEventListener('toggle', () => void training.lookInside(opened.open));
  const said = element('div', { class: 'data-said', role: 'status' });
  pane.append(
    controls.element,
    element(
      'div',
      { class: 'columns' },
      element('div', { class: 'data' }, data.element, plane.element, samples.element, said),
      element('div', { class: 'progress' }, loss.element),
    ),
    opened,
  );

  const showData = (choice: DataChoice, { look }: TrainingState): void => {
    data.show(choice);
    const onPlane = look?.kind === 'plane' ? look : undefined;
    const points = isPlane(choice) ? pointsOf(choice) : (onPlane?.points ?? []);
    const hasPlane = isPlane(choice) || onPlane !== undefined;
    plane.element.hidden = !hasPlane;
    samples.element.hidden = look === undefined || look.kind === 'plane';
    if (hasPlane) plane.show(onPlane, points as readonly Point[]);
    if (look && look.kind !== 'plane') samples.show(look);
  };
  const show = (state: TrainingState): void => {
    controls.show(state);
    showData(store.get().data, state);
    loss.show(training.history);
    inside.show(state.inside);
    setText(said, state.prepared?.notes.join(' ') ?? '');
  };
  const forget = training.store.on((state) => state, show);
  // The choices are seen of a text with errors too.
  show(training.store.get());
  return {
    update({ data: choice }) {
      show(training.store.get());
      // Points are seen as they are; of anything else something is seen once it has been read.
      if (!isPlane(choice) && training.store.get().phase === 'fresh') void training.prepare();
    },
    destroy() {
      forget();
      void training.lookInside(false);
      for (const part of [plane, loss, inside]) part.destroy();
    },
  };
}

interface Controls {
  readonly element: HTMLElement;
  show(state: TrainingState): void;
}

function controlsOf({ store, training }: PaneContext): Controls {
  const go = button(
    'Train',
    () => (training.store.get().phase === 'running' ? training.pause() : void training.train()),
    {
      class: 'primary',
    },
  );
  const step = button('Step', () => void training.step());
  const reset = button('Reset', () => training.reset());
  const target = element(
    'select',
    { id: 'target', 'aria-label': 'Trains on', onchange: () => store.set({ target: target.value as Target }) },
    ...Object.entries(targetNames).map(([value, title]) => element('option', { value }, title)),
  );
  const numbers = element('dl', { class: 'numbers' });
  const failed = element('p', { class: 'failed', role: 'alert', hidden: true });
  return {
    element: element(
      'div',
      { class: 'controls' },
      element('div', { class: 'buttons' }, go, step, reset, element('span', { 'aria-hidden': 'true' }, 'on'), target),
      numbers,
      failed,
    ),
    show(state) {
      const { phase, failure } = state;
      go.textContent = phase === 'running' ? 'Pause' : phase === 'preparing' ? 'Preparing …' : 'Train';
      setUsable(go, phase !== 'preparing' && phase !== 'finished');
      setUsable(step, phase === 'fresh' || phase === 'paused' || phase === 'failed');
      setUsable(reset, phase !== 'fresh');
      target.value = store.get().target;
      failed.hidden = failure === undefined;
      setText(failed, failure ?? '');
      numbers.replaceChildren(
        ...numbersOf(state).flatMap(([name, value]) => [
          element('div', {}, element('dt', {}, name), element('dd', {}, value)),
        ]),
      );
    },
  };
}

function numbersOf({ prepared, epoch, made, latest, validation }: TrainingState): (readonly [string, string])[] {
  if (!prepared) return [];
  const { epochs, reports, rows, parameters } = prepared;
  return [
    ['rows', rows.toLocaleString('en')],
    ['parameters', parameters.toLocaleString('en')],
    ['epoch', `${epoch} / ${epochs}`],
    ['step', made.toLocaleString('en')],
    ...latest.map((value, i) => [reports[i], spelt(value)] as const),
    ...Object.entries(validation ?? {}).map(([name, value]) => [`${name}, held back`, spelt(value)] as const),
  ];
}

function spelt(value: number): string {
  if (!Number.isFinite(value)) return 'not finite';
  return Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(2) : value.toPrecision(4);
}
