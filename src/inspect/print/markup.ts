// Text in SVG, HTML and MathML.

/** Text as it stands in an element or in an attribute between double quotes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (c) => names[c] ?? c);
}

const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
