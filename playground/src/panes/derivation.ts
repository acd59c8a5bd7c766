// How the gradient comes about: the page of `nnc grad`, with worked numbers, in step with the editor's lines.
import { element } from '../page/elements.js';
import { frameIn } from './framePane.js';
import type { Mounted, PaneContext, PaneState } from './registry.js';

export function mount(pane: HTMLElement, context: PaneContext): Mounted {
  let last: PaneState | undefined;
  /** As the user wants it; undefined until something was chosen. */
  let wanted: boolean | undefined;
  const numbers = element('input', { type: 'checkbox' });
  const block = element('select', {});
  const blocks = element('label', { hidden: true }, 'Train block ', block);
  const rows = element('span', { class: 'soft' });
  const said = element('p', { class: 'soft', hidden: true });
  pane.append(element('div', { class: 'tools' }, element('label', {}, numbers, ' Worked numbers'), rows, blocks), said);
  const frame = frameIn(pane, 'The derivation of the gradient', '#derivation', context);

  const update = async (state: PaneState, signal?: AbortSignal): Promise<void> => {
    last = state;
    const asked = { numbers: wanted, ...(block.value !== '' && { block: block.value }) };
    const answer = await context.ask('derivation', [state.compiles, state.data, asked], signal);
    said.hidden = answer.kind === 'page';
    pane.classList.toggle('empty', answer.kind === 'none');
    if (answer.kind === 'none') {
      said.textContent = `${answer.why}.`;
      return;
    }
    numbers.checked = answer.rows !== undefined;
    rows.textContent = answer.rows === undefined ? '' : `of a fresh trainer, for ${answer.rows}`;
    blocks.hidden = answer.blocks.length < 2;
    const chosen = block.value;
    block.replaceChildren(...answer.blocks.map((name) => element('option', {}, name)));
    if (answer.blocks.includes(chosen)) block.value = chosen;
    frame.show(answer.html);
  };
  const again = (): void => {
    if (last) context.redo();
  };
  numbers.addEventListener('change', () => {
    wanted = numbers.checked;
    again();
  });
  block.addEventListener('change', again);
  return { update, destroy: () => frame.destroy() };
}
