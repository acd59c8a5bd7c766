// A page of the compiler's within a pane: put in place once it is loaded, scrolled to where the one before was, and in step with the editor's lines.
import { element } from '../page/elements.js';
import type { PaneContext } from './registry.js';
import './panes.css';

export interface Frame {
  show(html: string): void;
  destroy(): void;
}

/** What pages tell and hear of lines: src/page/within/around.ts. */
interface Pointed {
  readonly kind: 'nnc-lines';
  readonly lines: readonly number[];
}

/** `scroller`: what scrolls in the page. */
export function frameIn(parent: HTMLElement, title: string, scroller: string, { store, light }: PaneContext): Frame {
  let shown: HTMLIFrameElement | undefined;
  const hear = ({ source, data }: MessageEvent<Pointed | undefined>): void => {
    if (shown && source === shown.contentWindow && data?.kind === 'nnc-lines') light(data.lines);
  };
  addEventListener('message', hear);
  const forget = store.on(
    ({ lit }) => lit,
    ({ lines, by }) => {
      if (by === 'editor') shown?.contentWindow?.postMessage({ kind: 'nnc-lines', lines } satisfies Pointed, '*');
    },
  );
  const placeOf = (frame: HTMLIFrameElement): Element | null | undefined =>
    frame.contentDocument?.querySelector(scroller) ?? frame.contentDocument?.scrollingElement;
  return {
    show(html) {
      const next = element('iframe', { class: 'page coming', title });
      next.addEventListener('load', () => {
        const [from, to] = [shown && placeOf(shown), placeOf(next)];
        if (from && to) to.scrollTo(from.scrollLeft, from.scrollTop);
        shown?.remove();
        next.classList.remove('coming');
        shown = next;
      });
      next.srcdoc = html;
      // One that is not loaded yet is out of date, and must not take this one's place.
      parent.querySelector('iframe.coming')?.remove();
      parent.append(next);
    },
    destroy() {
      removeEventListener('message', hear);
      forget();
    },
  };
}
