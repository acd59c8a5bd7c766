// A drawer at the side: a dialog with a list of things to choose from, so that the keyboard stays within it and Escape closes it.
import { button, element } from './elements.js';

export interface Choice {
  readonly title: string;
  readonly about: string;
}

/** The drawer, closed: `chosen` is called with what is picked, once it is closed again. */
export function drawerOf<C extends Choice>(
  title: string,
  choices: readonly C[],
  chosen: (choice: C) => void,
): HTMLDialogElement {
  const id = `drawer-${title.toLowerCase()}`;
  const drawer = element('dialog', { class: 'drawer', 'aria-labelledby': id });
  const choose = (choice: C): void => {
    drawer.close();
    chosen(choice);
  };
  const items = choices.map((choice) =>
    element(
      'li',
      {},
      element(
        'button',
        { type: 'button', class: 'choice', onclick: () => choose(choice) },
        element('strong', {}, choice.title),
        element('span', {}, choice.about),
      ),
    ),
  );
  drawer.append(
    element(
      'header',
      {},
      element('h2', { id }, title),
      button('Close', () => drawer.close(), { class: 'quiet' }),
    ),
    element('ul', {}, ...items),
  );
  drawer.addEventListener('click', ({ target }) => {
    if (target === drawer) drawer.close();
  });
  return drawer;
}
