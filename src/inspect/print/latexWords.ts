// How LaTeX spells the parts of mathematics.
import { isOfLetters } from '../../diagnostics/name.js';
import type { Typesetter } from './typeset.js';

const named: ReadonlySet<string> = new Set(['tanh', 'exp', 'log', 'sin', 'cos', 'max', 'min']);

const brackets: Readonly<Record<string, readonly [string, string]>> = {
  '(': ['(', ')'],
  '[': ['[', ']'],
  '|': ['\\lvert ', '\\rvert'],
};

export const latex: Typesetter = {
  row: (parts) => parts.join(' '),
  variable: latexWord,
  upright: (word) =>
    named.has(word) ? `\\${word}` : isOfLetters(word) ? `\\operatorname{${escaped(word)}}` : `\\text{${escaped(word)}}`,
  number: (text) => latexNumber(text),
  sign: (_, command) => command,
  sub: (base, index) => `{${base}}_{${index}}`,
  sup: (base, exponent) => `{${base}}^{${exponent}}`,
  fraction: (over, under) => `\\frac{${over}}{${under}}`,
  root: (of) => `\\sqrt{${of}}`,
  fenced: (open, of) => {
    const [first, last] = brackets[open];
    return `\\left${first}${of}\\right${last}`;
  },
  cases: (rows) => `\\begin{cases} ${rows.map(({ value, when }) => `${value} & ${when}`).join(' \\\\ ')} \\end{cases}`,
  sum: (over, of) => `\\sum${over === undefined ? '' : `_{${over}}`} ${of}`,
  marked: (_, of) => of,
};

export function latexNumber(text: string): string {
  if (text === 'inf' || text === '-inf') return text.replace('inf', '\\infty');
  return text.replace(/e([-+]?\d+)$/, ' \\cdot 10^{$1}').replace('{+', '{');
}

/** A letter alone, a letter with digits as its index, or a word. */
function latexWord(word: string): string {
  const [, letter, digits] = /^(\p{L})(\d*)$/u.exec(word) ?? [];
  if (letter !== undefined) return digits === '' ? letterOf(letter) : `${letterOf(letter)}_{${digits}}`;
  const [, head, rest] = /^(\p{L})_(.+)$/u.exec(word) ?? [];
  if (head !== undefined && rest !== undefined) return `${letterOf(head)}_{${latexWord(rest)}}`;
  return `\\mathrm{${escaped(word)}}`;
}

/** Greek letters, and the ℓ of layers. */
const greek: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ α: 'alpha', β: 'beta', γ: 'gamma', δ: 'delta', ε: 'varepsilon', ζ: 'zeta', η: 'eta', θ: 'theta', ι: 'iota' },
    ...{ κ: 'kappa', λ: 'lambda', μ: 'mu', ν: 'nu', ξ: 'xi', π: 'pi', ρ: 'rho', σ: 'sigma', τ: 'tau', υ: 'upsilon' },
    ...{ φ: 'varphi', χ: 'chi', ψ: 'psi', ω: 'omega', Γ: 'Gamma', Δ: 'Delta', Θ: 'Theta', Λ: 'Lambda', Ξ: 'Xi' },
    ...{ Π: 'Pi', Σ: 'Sigma', Φ: 'Phi', Ψ: 'Psi', Ω: 'Omega', ℓ: 'ell' },
  }),
);

function letterOf(letter: string): string {
  const command = greek.get(letter);
  return command === undefined ? letter : `\\${command}`;
}

/** Text in which nothing has a meaning to LaTeX. */
function escaped(text: string): string {
  return text
    .replace(/[\\{}$&#%_^~]/g, (c) => (c === '\\' ? '\\backslash ' : c === '^' || c === '~' ? `\\${c}{}` : `\\${c}`))
    .replace(/\p{L}/gu, (c) => (greek.has(c) ? `$${letterOf(c)}$` : c));
}
