// Formulas as MathML, which browsers draw without a script.
import { isOfLetters } from '../../diagnostics/name.js';
import type { Formula } from '../../ir/formula/tree.js';
import { escaped } from './markup.js';
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
  const operator = (sign: string): string => `<mo>${escaped(sign.replace('-', '−'))}</mo>`;
  return {
    row,
    variable,
    upright: (word) => (isOfLetters(word) ? identifier(word) : `<mtext>${escaped(word)}</mtext>`),
    number: (text) => `<mn>${text.replace('-', '−').replace('inf', '∞')}</mn>`,
    // Of a product without a sign the factors stand a little apart: they may be words.
    sign: (unicode) => (unicode === '\u2062' ? `<mo lspace="0.17em">${unicode}</mo>` : operator(unicode)),
    sub: (base, index) => `<msub>${base}${index}</msub>`,
    sup: (base, exponent) => `<msup>${base}${exponent}</msup>`,
    fraction: (over, under) => `<mfrac>${over}${under}</mfrac>`,
    root: (of) => `<msqrt>${of}</msqrt>`,
    fenced: (open, of, close) => `<mrow>${operator(open)}${of}${operator(close)}</mrow>`,
    cases: (rows) =>
      `<mrow>${operator('{')}<mtable columnalign="left">${rows
        .map(({ value, when }, i) => {
          const word = i === rows.length - 1 ? '' : '<mtext>if\u00a0</mtext>';
          return `<mtr><mtd>${value}</mtd><mtd>${word}${when}</mtd></mtr>`;
        })
        .join('')}</mtable></mrow>`,
    sum: (over, of) =>
      `<mrow>${over === undefined ? operator('∑') : `<munder>${operator('∑')}${over}</munder>`}${of}</mrow>`,
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
  return identifier(word);
}

/** Upright, as several letters are by themselves. */
function identifier(word: string): string {
  return `<mi${[...word].length === 1 ? ' mathvariant="normal"' : ''}>${escaped(word)}</mi>`;
}
