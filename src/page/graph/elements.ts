// Elements of a page: found by their ids, and made for pictures.
const svgNamespace = 'http://www.w3.org/2000/svg';

/** A line of text, cut short where it is wider than its box. */
export function text(x: number, y: number, content: string, kind: string, anchor: string, width: number): SVGElement {
  const line = shape('text', { x, y, class: kind, 'text-anchor': anchor });
  const letters = Math.floor((width - 14) / 7.2);
  const all = [...content];
  line.textContent = all.length <= letters + 1 ? content : `${all.slice(0, letters - 1).join('')}…`;
  return line;
}

/** What a pointer that rests on an element is told. */
export function title(content: string): SVGElement {
  const made = shape('title', {});
  made.textContent = content;
  return made;
}

/** An element of a picture. */
export function shape<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** An element of the page that must be there. */
export function element<T extends HTMLElement>(id: string, of: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof of)) throw new Error(`the page has no ${id}`);
  return found;
}
