// The tabs above the panes, as readers of screens know them: arrows go from one to the next, and the pane is named by its tab.
import { element } from './elements.js';

export interface Tabs {
  readonly list: HTMLElement;
  select(id: string): void;
}

export function tabsOf(
  entries: readonly { readonly id: string; readonly title: string }[],
  panel: HTMLElement,
  chosen: (id: string) => void,
): Tabs {
  const list = element('div', { role: 'tablist', 'aria-label': 'Views', class: 'tabs' });
  const tabs = entries.map(({ id, title }) =>
    element(
      'button',
      { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': panel.id, onclick: () => chosen(id) },
      title,
    ),
  );
  const to = (at: number): void => {
    const shown = tabs.filter((tab) => tab.offsetParent !== null);
    const tab = shown[(at + shown.length) % shown.length];
    tab.focus();
    tab.click();
  };
  list.addEventListener('keydown', (event) => {
    const shown = tabs.filter((tab) => tab.offsetParent !== null);
    const at = shown.findIndex((tab) => tab === document.activeElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: shown.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    to(next);
  });
  list.append(...tabs);
  return {
    list,
    select(id) {
      for (const tab of tabs) {
        const isChosen = tab.id === `tab-${id}`;
        tab.setAttribute('aria-selected', String(isChosen));
        tab.tabIndex = isChosen ? 0 : -1;
        if (isChosen) tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      }
      panel.setAttribute('aria-labelledby', `tab-${id}`);
    },
  };
}
