// What comments of a model may put into the page: texts that were shared can hold anything, and Markdown is HTML.

const allowed = new Set(
  'P BR PRE CODE EM STRONG UL OL LI SPAN BLOCKQUOTE H1 H2 H3 H4 HR TABLE THEAD TBODY TR TH TD'.split(' '),
);

/** The same HTML with the elements of plain documents alone, which keep no attribute but their classes; of others the text is left. */
export function cleaned(html: string): string {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  for (const element of [...body.querySelectorAll('*')]) {
    if (!allowed.has(element.tagName)) {
      element.replaceWith(
        ...(/^(?:SCRIPT|STYLE|TEMPLATE|IFRAME|OBJECT|SVG|MATH)$/i.test(element.tagName) ? [] : element.childNodes),
      );
      continue;
    }
    for (const { name } of [...element.attributes]) if (name !== 'class') element.removeAttribute(name);
  }
  return body.innerHTML;
}
