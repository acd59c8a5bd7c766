// The forms of the language: what its words and signs are for, each with a use of it. Pages for people are made from it.

/** Where a form stands. */
export type Place = 'file' | 'body' | 'layer' | 'optimizer' | 'expression';

export interface Form {
  /** The word or sign. */
  readonly name: string;
  /** What is written, as in `if CONDITION then A else B`. */
  readonly use: string;
  readonly summary: string;
  readonly place: Place;
  readonly example: string;
}

/** Words and signs in the order in which a reader meets them: files, bodies, expressions from loosest to tightest. */
export const forms: readonly Form[] = [
  // ---- files
  {
    name: 'import',
    use: 'import { NAME, … } from "FILE.nn"',
    summary: 'Takes definitions from another file, whose path is relative to this one.',
    place: 'file',
    example: 'import { double } from "blocks.nn"',
  },
  {
    name: 'fn',
    use: 'fn NAME(CONFIGURATION)(DATA) = VALUE',
    summary:
      'A pure function. The configuration may be left out; the body is a value after =, or a block that ends in return.',
    place: 'file',
    example: 'fn leaky(slope = 0.01)(x) = if x > 0 then x else slope * x',
  },
  {
    name: 'gradient',
    use: 'gradient NAME(DATA, D) = VALUE, …',
    summary:
      'The derivative of the function NAME of this file, in the place of the one that follows from its body: the cotangent of each argument by D, that of the result.',
    place: 'file',
    example: 'fn rounded(v) = round(v)\ngradient rounded(v, d) = d',
  },
  {
    name: 'layer',
    use: 'layer NAME(CONFIGURATION)(DATA) { … return VALUE }',
    summary: 'A function that owns parameters and state. Applied again, the same instance shares them.',
    place: 'file',
    example: 'layer scale()(x: [..., n]) {\n  param s: [n] = 1\n  return s * x\n}',
  },
  {
    name: 'optimizer',
    use: 'optimizer NAME(CONFIGURATION) { … w := VALUE }',
    summary: 'How a parameter w is updated from its gradient g; t is the number of this update, from 1.',
    place: 'file',
    example: 'optimizer plain(lr) {\n  w := w - lr * g\n}',
  },
  {
    name: 'model',
    use: 'model NAME(CONFIGURATION) { … }',
    summary: 'A network: its inputs, what it computes, what it is trained to minimise, and how.',
    place: 'file',
    example: 'model small(units = 4) {\n  input v: [rows, 2]\n  loss = mean((v |> dense(units))^2)\n}',
  },
  // ---- bodies
  {
    name: 'input',
    use: 'input NAME: TYPE',
    summary: 'Fed at each call. A dimension that nothing binds is a run-time dimension.',
    place: 'body',
    example: 'input extra: [batch, 3]',
  },
  {
    name: 'param',
    use: 'param NAME: SHAPE = VALUE, or param NAME: SHAPE ~ INITIALISER',
    summary: 'A trained tensor, started from numbers (one fills it) or drawn.',
    place: 'body',
    example: 'param W: [8, 4] ~ glorot_uniform()',
  },
  {
    name: 'frozen',
    use: 'frozen param NAME: SHAPE = VALUE',
    summary: 'A parameter that is not trained.',
    place: 'body',
    example: 'frozen param scale: [8] = 2',
  },
  {
    name: 'state',
    use: 'state NAME: SHAPE = VALUE',
    summary: 'A buffer that lives across steps and is not trained; ~ INITIALISER draws what it starts from.',
    place: 'body',
    example: 'state seen: f32 = 0\nseen := seen + 1',
  },
  {
    name: ':=',
    use: 'NAME := VALUE',
    summary:
      'Replaces a state from here on (in training), what a scan carries, and in an optimizer a slot or the weight. No gradient flows through it, except in a scan.',
    place: 'body',
    example: 'state seen: f32 = 0\nseen := seen + 1',
  },
  {
    name: 'observe',
    use: 'observe NAME := VALUE',
    summary:
      'Replaces a state while the trainer looks at its data, before the first step: how a layer learns what its inputs are like. The value may depend on inputs, states and frozen parameters.',
    place: 'body',
    example: 'state largest: f32 = 0\nobserve largest := max(largest, sum(x^2))',
  },
  {
    name: 'output',
    use: 'output NAME = VALUE, or output NAME',
    summary: 'What predict returns.',
    place: 'body',
    example: 'output probability = softmax(x)',
  },
  {
    name: 'loss',
    use: 'loss = VALUE, or loss NAME = VALUE',
    summary: 'A scalar to minimise. Several are summed; those with a name are also reported by it.',
    place: 'body',
    example: 'loss error = mse(x, z)',
  },
  {
    name: 'metric',
    use: 'metric NAME = VALUE',
    summary: 'A scalar that is reported beside the loss.',
    place: 'body',
    example: 'metric error = mae(x, z)',
  },
  {
    name: 'train',
    use: 'train { SETTING = VALUE … }, train NAME { … }',
    summary:
      'How to train: optimizer, batch, epochs and the other settings. With names, several blocks train each its parameters for its losses.',
    place: 'body',
    example: 'train { optimizer = sgd(lr = 0.1) }',
  },
  {
    name: 'require',
    use: 'require CONDITION, "text"',
    summary: 'What the settings and sizes of a body must satisfy; where they do not, the error stands at the call.',
    place: 'layer',
    example: 'require count(x, 1) > 2, "x has more than two columns"\nreturn x, x^2',
  },
  {
    name: 'return',
    use: 'return VALUE, …',
    summary: 'The result of a function or layer; several values are taken by as many names.',
    place: 'layer',
    example: 'return x, x^2',
  },
  {
    name: 'slot',
    use: 'slot NAME = NUMBER',
    summary: 'State that an optimizer keeps for each parameter, in its shape.',
    place: 'optimizer',
    example: 'slot velocity = 0\nvelocity := 0.9 * velocity + g\nw := w - 0.1 * velocity',
  },
  // ---- expressions
  {
    name: 'if',
    use: 'if CONDITION then A else B',
    summary: 'A choice while compiling where the condition is known by then, else one for each element.',
    place: 'expression',
    example: 'if x > 0 then x else 0.1 * x',
  },
  {
    name: '|>',
    use: 'X |> F',
    summary: 'F(X): what stands on the right is a function or a layer.',
    place: 'expression',
    example: 'x |> dense(4) |> relu',
  },
  {
    name: '>>',
    use: 'F >> G',
    summary: 'A layer that applies F, then G.',
    place: 'expression',
    example: 'x |> (dense(4) >> relu)',
  },
  {
    name: 'or',
    use: 'A or B',
    summary: 'At least one, element by element.',
    place: 'expression',
    example: 'if x > 1 or x < -1 then 1 else 0',
  },
  {
    name: 'and',
    use: 'A and B',
    summary: 'Both, element by element.',
    place: 'expression',
    example: 'if x > 0 and x < 1 then 1 else 0',
  },
  { name: 'not', use: 'not A', summary: 'The opposite.', place: 'expression', example: 'if not (x > 0) then 1 else 0' },
  {
    name: '==',
    use: 'A == B',
    summary: 'Equal, element by element; also of indices and of static values.',
    place: 'expression',
    example: 'x == z',
  },
  { name: '!=', use: 'A != B', summary: 'Not equal.', place: 'expression', example: 'x != z' },
  { name: '<', use: 'A < B', summary: 'Less. Comparisons do not chain.', place: 'expression', example: 'x < z' },
  { name: '<=', use: 'A <= B', summary: 'Less or equal.', place: 'expression', example: 'x <= z' },
  { name: '>', use: 'A > B', summary: 'Greater.', place: 'expression', example: 'x > z' },
  { name: '>=', use: 'A >= B', summary: 'Greater or equal.', place: 'expression', example: 'x >= z' },
  {
    name: '+',
    use: 'A + B',
    summary: 'The sum, element by element, by the rules of broadcasting.',
    place: 'expression',
    example: 'x + z',
  },
  {
    name: '-',
    use: 'A - B, or -A',
    summary: 'The difference; before one operand its negative.',
    place: 'expression',
    example: '-x - z',
  },
  { name: '*', use: 'A * B', summary: 'The product, element by element.', place: 'expression', example: 'x * z' },
  {
    name: '/',
    use: 'A / B',
    summary: 'The quotient, element by element; exact where both are static.',
    place: 'expression',
    example: 'x / 2',
  },
  {
    name: '@',
    use: 'A @ B',
    summary: "The matrix product, batched over leading axes as NumPy's matmul.",
    place: 'expression',
    example: 'x @ transpose(z)',
  },
  {
    name: '^',
    use: 'A ^ B',
    summary: 'A to the power B. Binds tightest, to the right.',
    place: 'expression',
    example: 'x^2',
  },
  {
    name: 'x[…]',
    use: 'X[ITEM, …]',
    summary:
      'Positions, slices from:to:step, ... for the axes between, none for a new axis; an index tensor takes rows.',
    place: 'expression',
    example: 'x[:, ::2]',
  },
  {
    name: 'scan',
    use: 'scan NAME in SEQUENCE, … along AXIS backwards, NAME = START, … { … emit VALUE, … }',
    summary:
      'Runs its body for each slice of the sequences along an axis, in order (backwards: from the end), carrying what := replaces: the stack of what the body emits. along is left out where a sequence has one axis.',
    place: 'expression',
    example: 'scan xt in x along 1, h = zeros([batch]) {\n  h := 0.5 * h + xt\n  emit h\n}',
  },
  {
    name: 'emit',
    use: 'emit VALUE, …',
    summary: 'What a scan gives for this round: its value is the stack of them, several are taken by several names.',
    place: 'expression',
    example: 'scan xt in x along 1 backwards { emit xt^2 }',
  },
  {
    name: 'training',
    use: 'training',
    summary: 'True while training, false in evaluation; known while compiling.',
    place: 'expression',
    example: 'if training then 2 * x else x',
  },
  { name: 'true', use: 'true', summary: 'A static truth.', place: 'expression', example: 'mean(x, keep = true)' },
  { name: 'false', use: 'false', summary: 'A static truth.', place: 'expression', example: 'mean(x, keep = false)' },
  {
    name: '..',
    use: 'A..B',
    summary: 'Columns A to B of a data source, both included.',
    place: 'body',
    example: 'train {\n  optimizer = sgd(lr = 0.1)\n  data = csv("rows.csv", x = 0..7)\n}',
  },
];

/** Words that stand inside a form of another name. */
export const otherWords: ReadonlySet<string> = new Set([...['from', 'then', 'else'], ...['in', 'along', 'backwards']]);
