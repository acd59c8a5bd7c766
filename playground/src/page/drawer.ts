// The drawer of examples: a dialog, so that the keyboard stays within it and Escape closes it.
import { examples, type Example } from '../examples/examples.js';
import { button, element } from './elements.js';

/** The drawer, closed: `chosen` is called with what is picked. */
export function drawerOf(chosen: (example: Example) => void): HTMLDialogElement {
  const drawer = element('dialog', { class: 'drawer', 'aria-labelledby': 'drawer-title' });
  const items = examples.map((example) =>
    element(
      'li',
      {},
      element(
        'button',
        {
          type: 'button',
          class: 'example',
          onclick: () => {
            drawer.close();
            chosen(example);
          },
        },
        element('strong', {}, example.title),
        element('span', {}, example.about),
      ),
    ),
  );
  drawer.append(
    element(
      'header',
      {},
      element('h2', { id: 'drawer-title' }, 'Examples'),
      button('Close', () => drawer.close(), { class: 'quiet' }),
    ),
    element('ul', {}, ...items),
  );
  drawer.addEventListener('click', ({ target }) => {
    if (target === drawer) drawer.close();
  });
  return drawer;
}
