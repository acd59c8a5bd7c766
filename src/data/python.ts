// The literals of Python that NumPy writes as headers: dictionaries, tuples, texts, whole numbers, True, False and None.

export type Literal = string | number | boolean | null | readonly Literal[] | ReadonlyMap<string, Literal>;

const token =
  /\s*(?:([uUbB]?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))|([+-]?\d+)[lL]?(?![\w.])|(True|False|None)(?!\w)|([{}()[\],:]))/y;

/** The deepest nesting; a header has two or three. */
const deepest = 20;

/** Reads one literal; undefined where the text is none. */
export function parseLiteral(text: string): Literal | undefined {
  const tokens = tokensOf(text);
  if (!tokens) return undefined;
  let at = 0;
  /** Items up to the bracket that closes; commas between them, and one more if need be. */
  const items = (close: string, depth: number, item: () => Literal | undefined): readonly Literal[] | undefined => {
    const found: Literal[] = [];
    while (tokens[at] !== close) {
      const next = item();
      if (next === undefined || depth > deepest) return undefined;
      found.push(next);
      if (tokens[at] === ',') at++;
      else if (tokens[at] !== close) return undefined;
    }
    at++;
    return found;
  };
  const literal = (depth: number): Literal | undefined => {
    const first = tokens[at++];
    if (first === undefined) return undefined;
    if (first === '(' || first === '[') {
      const found = items(first === '(' ? ')' : ']', depth, () => literal(depth + 1));
      // (1) is 1, and (1,) a tuple.
      return first === '(' && found?.length === 1 && tokens[at - 2] !== ',' ? found[0] : found;
    }
    if (first === '{') {
      const entries = new Map<string, Literal>();
      const entry = (): Literal | undefined => {
        const key = literal(depth + 1);
        if (typeof key !== 'string' || tokens[at++] !== ':') return undefined;
        const value = literal(depth + 1);
        if (value !== undefined) entries.set(key, value);
        return value;
      };
      return items('}', depth, entry) && entries;
    }
    return plain(first);
  };
  const found = literal(0);
  return at === tokens.length ? found : undefined;
}

function plain(word: string): Literal | undefined {
  if (word === 'None') return null;
  if (word === 'True' || word === 'False') return word === 'True';
  if (/^[+-]?\d/.test(word)) return Number(word);
  const quoted = /^[uUbB]?(['"])(.*)\1$/s.exec(word);
  return quoted ? quoted[2].replace(/\\(.)/gs, '$1') : undefined;
}

function tokensOf(text: string): readonly string[] | undefined {
  const found: string[] = [];
  const end = text.trimEnd().length;
  token.lastIndex = 0;
  while (token.lastIndex < end) {
    const match = token.exec(text);
    if (!match) return undefined;
    const [, quoted, number, word, mark] = match;
    found.push(quoted ?? number ?? word ?? mark);
  }
  return found;
}
