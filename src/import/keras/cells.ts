// Recurrent layers that the library has not: layers of the file, which compute what those of Keras do.

export interface CellOf {
  readonly name: 'rnn' | 'lstm' | 'gru';
  /** What its gates go through, and what its candidates do. */
  readonly gate: string;
  readonly activation: string;
  /** Of gru: the reset comes before the product. */
  readonly before: boolean;
}

/** The library's own have tanh and sigmoid, and reset after the product. */
export function isOwn({ gate, activation, before }: CellOf): boolean {
  return gate !== 'sigmoid' || activation !== 'tanh' || before;
}

/** What such a layer is called. */
export function cellName({ name, gate, activation, before }: CellOf): string {
  return [
    name,
    ...(before ? ['before'] : []),
    ...(activation === 'tanh' ? [] : [activation]),
    ...(gate === 'sigmoid' ? [] : [gate === activation ? 'gates' : gate]),
  ].join('_');
}

const gates = { rnn: 1, lstm: 4, gru: 3 } as const;

/** Its text, by the name and with the tensors of the library's: W, U, b, and c where a gru has two biases. */
export function cellText(cell: CellOf): string {
  const { name, before } = cell;
  const width = gates[name] === 1 ? 'units' : `${gates[name]} * units`;
  const carried =
    name === 'lstm' ? 'h = zeros([batch, units]), c = zeros([batch, units])' : 'h = zeros([batch, units])';
  return `layer ${cellName(cell)}(units)(x: [batch, T, n]) -> [batch, T, units] {
  param W: [n, ${width}] ~ glorot_uniform()
  param U: [units, ${width}] ~ orthogonal()
  param b: [${width}] = 0
${name === 'gru' && !before ? `  param c: [${width}] = 0\n` : ''}  inputs = x @ W + b
  return scan xt in inputs along 1, ${carried} {
${stepOf(cell)
  .map((line) => `    ${line}\n`)
  .join('')}    emit h
  }
}`;
}

function stepOf({ name, gate, activation, before }: CellOf): readonly string[] {
  switch (name) {
    case 'rnn':
      return [`h := ${activation}(xt + h @ U)`];
    case 'lstm':
      return [
        'i, f, g, o = split(xt + h @ U, 4, axis = 1)',
        `next = ${gate}(f) * c + ${gate}(i) * ${activation}(g)`,
        `h := ${gate}(o) * ${activation}(next)`,
        'c := next',
      ];
    case 'gru':
      return [
        'xr, xz, xn = split(xt, 3, axis = 1)',
        before ? 'Ur, Uz, Un = split(U, 3, axis = 1)' : 'hr, hz, hn = split(h @ U + c, 3, axis = 1)',
        `r = ${gate}(xr + ${before ? 'h @ Ur' : 'hr'})`,
        `z = ${gate}(xz + ${before ? 'h @ Uz' : 'hz'})`,
        `candidate = ${activation}(xn + ${before ? '(r * h) @ Un' : 'r * hn'})`,
        'h := (1 - z) * candidate + z * h',
      ];
    default:
      return name satisfies never;
  }
}
