// Formulas as MathML, which browsers draw without a script.
import type { Formula } from '../../ir/formula/tree.js';
import { typeset, type Typesetter } from './typeset.js';

export interface MathmlOptions {
  /** Attributes of what stands for a formula: what it is about, as in ` data-node="12"`. Default: none. */
  readonly attributes?: (formula: Formula) => string;
  readonly display?: 'block' | 'inline';
}

/** A formula as a `math` element. */
export function printMathml(
  formula: Formula,
  { attributes = () => '', display = 'inline' }: MathmlOptions = {},
): string {
  const by = mathmlSetter(attributes);
  return `<math${display === 'block' ? ' display="block"' : ''}>${typeset(formula, by)}</math>`;
}

/** The spelling, for parts of a document that put formulas beside one another. */
export function mathmlSetter(attributes: (formula: Formula) => string = () => ''): Typesetter {
  const row = (parts: readonly string[]): string => (parts.length === 1 ? parts[0] : `<mrow>${parts.join('')}</mrow>`);
  const operator = (sign: string, stretchy = false): string =>
    `<mo${stretchy ? '' : ' stretchy="false"'}>${escaped(sign)}</mo>`;
  return {
    row,
    variable,
    upright: (word) =>
      /^[\p{L}\p{N}_]+$/u.test(word)
        ? `<mi mathvariant="normal">${escaped(word)}</mi>`
        : `<mtext>${escaped(word)}</mtext>`,
    number: (text) => `<mn>${text.replace('inf', '∞')}</mn>`,
    sign: (unicode) => operator(unicode),
    sub: (base, index) => `<msub>${base}${index}</msub>`,
    sup: (base, exponent) => `<msup>${base}${exponent}</msup>`,
    fraction: (over, under) => `<mfrac>${over}${under}</mfrac>`,
    root: (of) => `<msqrt>${of}</msqrt>`,
    fenced: (open, of, close) => `<mrow>${operator(open, true)}${of}${operator(close, true)}</mrow>`,
    cases: (rows) =>
      `<mrow>${operator('{', true)}<mtable columnalign="left">${rows
        .map(({ value, when }) => `<mtr><mtd>${value}</mtd><mtd><mtext>if </mtext>${when}</mtd></mtr>`)
        .join('')}</mtable></mrow>`,
    sum: (over, of) =>
      `<mrow>${over === undefined ? operator('∑', true) : `<munder>${operator('∑', true)}${over}</munder>`}${of}</mrow>`,
    marked(formula, of) {
      const found = attributes(formula);
      return found === '' ? of : `<mrow${found}>${of}</mrow>`;
    },
  };
}

/** A letter alone, a letter with digits as its index, or a word. */
function variable(word: string): string {
  const [, letter, digits] = /^(\p{L})(\d*)$/u.exec(word) ?? [];
  if (letter !== undefined)
    return digits === '' ? `<mi>${letter}</mi>` : `<msub><mi>${letter}</mi><mn>${digits}</mn></msub>`;
  const [, head, rest] = /^(\p{L})_(.+)$/u.exec(word) ?? [];
  if (head !== undefined && rest !== undefined) return `<msub><mi>${head}</mi>${variable(rest)}</msub>`;
  return `<mi mathvariant="normal">${escaped(word)}</mi>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
