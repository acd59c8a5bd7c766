// Places as sums: `t`, `T - 1 - t`, `2 · y + i`. Added up, and with another place for a letter, they are one sum still.

/** The factor of each product of letters; that of '' is the number. */
type Sum = ReadonlyMap<string, number>;

/** The sum of places, each in its simplest form: `3 - t` and -1 is `2 - t`. */
export function placeSum(...places: readonly (string | number)[]): string {
  const sums = places.map((place) => (typeof place === 'number' ? constant(place) : sumOf(place)));
  return printSum(sums.reduce((total, sum) => added(total, sum, 1), constant(0)));
}

/** How far it is from one place to another: `t` and `3` is `3 - t`. */
export function placeDifference(from: string, to: string): string {
  return printSum(added(sumOf(to), sumOf(from), -1));
}

/** Another place for a letter: in `3 - t` and `t - 1` it is `4 - t`. */
export function withLetter(place: string, letter: string, by: string): string {
  const sum = sumOf(place);
  const factor = sum.get(letter);
  if (factor === undefined) return place;
  const rest = new Map([...sum].filter(([key]) => key !== letter));
  return printSum(added(rest, sumOf(by), factor));
}

/** The number that a place is, if it is one. */
export function numberAt(place: string): number | undefined {
  return /^-?\d+$/.test(place) ? Number(place) : undefined;
}

function constant(value: number): Sum {
  return value === 0 ? new Map() : new Map([['', value]]);
}

function added(a: Sum, b: Sum, times: number): Sum {
  const total = new Map(a);
  for (const [key, factor] of b) {
    const sum = (total.get(key) ?? 0) + times * factor;
    if (sum === 0) total.delete(key);
    else total.set(key, sum);
  }
  return total;
}

/** A sum, its parentheses multiplied out; what is none (a quotient, a range) is one term. */
function sumOf(place: string): Sum {
  const tokens = place.match(/[·+()]|-|[^\s·+()-]+/g) ?? [];
  if (/[/[\]:…,]/.test(place)) return new Map([[place, 1]]);
  let at = 0;
  const factor = (): Sum => {
    const token = tokens[at++];
    if (token === '(') {
      const inner = sum();
      at++;
      return inner;
    }
    return /^\d+$/.test(token) ? constant(Number(token)) : new Map([[token, 1]]);
  };
  const product = (): Sum => {
    let whole = factor();
    while (tokens[at] === '·') {
      at++;
      whole = multiplied(whole, factor());
    }
    return whole;
  };
  const sum = (): Sum => {
    let total: Sum = new Map();
    for (let sign = 1; at < tokens.length && tokens[at] !== ')';) {
      if (tokens[at] === '+' || tokens[at] === '-') {
        sign = tokens[at++] === '+' ? 1 : -1;
        continue;
      }
      total = added(total, product(), sign);
      sign = 1;
    }
    return total;
  };
  return sum();
}

function multiplied(a: Sum, b: Sum): Sum {
  let total: Sum = new Map();
  for (const [x, m] of a)
    for (const [y, n] of b) total = added(total, new Map([[[x, y].filter((key) => key !== '').join(' · '), m * n]]), 1);
  return total;
}

/** What is added first, what is taken away last. */
function printSum(sum: Sum): string {
  const letters = [...sum].filter(([key]) => key !== '');
  const number = sum.get('') ?? 0;
  const ordered = [
    ...letters.filter(([, factor]) => factor > 0),
    ...(number === 0 ? [] : [['', number] as const]),
    ...letters.filter(([, factor]) => factor < 0),
  ];
  const text = ordered.map(([key, factor], n) => {
    const size = Math.abs(factor);
    const product = key === '' ? String(size) : size === 1 ? key : `${size} · ${key}`;
    if (n === 0) return factor < 0 ? `-${product}` : product;
    return factor < 0 ? `- ${product}` : `+ ${product}`;
  });
  return text.length === 0 ? '0' : text.join(' ');
}
