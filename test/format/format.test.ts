// The usual form of programs, each beside how it was written.
import { expect, it } from 'vitest';
import { wellFormatted } from '../support/formatting.js';

/** How it is written, and what becomes of it; the same where there is one. */
const cases: Readonly<Record<string, readonly [string] | readonly [string, string]>> = {
  nothing: ['\n\n', ''],
  'a comment alone': ['\n\n  // c  \n\n\n', '// c\n'],
  spaces: [
    'a=-b^ - 2*( c+d )[ 0 , 1 : , : : 2 , ... ] |>f(x=not  c)\nb = [ 0 .. 3,[ ] , 1.50,]',
    'a = -b^-2 * (c + d)[0, 1:, ::2, ...] |> f(x = not c)\nb = [0..3, [], 1.50,]\n',
  ],
  'line ends of other systems': ['a = 1\r\n\r\n\r\nb = 2\r', 'a = 1\n\nb = 2\n'],
  'a byte order mark': ['\uFEFFa=1', '\uFEFFa = 1\n'],
  'blank lines': [
    '\n\nmodel m {\n\n\n  // c\n\n\n\n  input x: [n]\n  output x\n\n\n}\n\n\n\nk = 1\nl = 2\n',
    'model m {\n  // c\n\n  input x: [n]\n  output x\n}\n\nk = 1\nl = 2\n',
  ],
  'statements on one line': [
    'fn f(x) { a = x b = a return b }\nfn g(x) { return x }\nfn h(x) {\n  return x }\n',
    'fn f(x) {\n  a = x\n  b = a\n  return b\n}\nfn g(x) { return x }\nfn h(x) {\n  return x\n}\n',
  ],
  'a doc comment documents the first statement of its line': [
    'fn f(x) {\n  /// d\n  a = x b = a\n  return b\n}\n',
    'fn f(x) {\n  /// d\n  a = x\n  b = a\n  return b\n}\n',
  ],
  'neighbouring parameters': [
    `layer l()(x) {
  param a: [n, 2] = 0
  frozen param long: [] = 1  // c
  param 隠れ: f32 = 2

  param b: [] = 0
  param c: [n] = 0
  // c
  param d: [n, 2] = 0
  param e: [n] ~ normal()
  param f: [n, n] = 0
  state s: [n] = 0
  return x
}
`,
    `layer l()(x) {
  param a: [n, 2]       = 0
  frozen param long: [] = 1  // c
  param 隠れ: f32       = 2

  param b: []  = 0
  param c: [n] = 0
  // c
  param d: [n, 2] = 0
  param e: [n] ~ normal()
  param f: [n, n] = 0
  state s: [n] = 0
  return x
}
`,
  ],
  'neighbouring settings': [
    'model m {\n train{optimizer=sgd(lr=0.1), batch=2\noptimizer "*.b" = sgd(lr=1)\nseed=1,epochs=3}\ntrain a{loss=l,only=["a"]}\n}\n',
    `model m {
  train {
    optimizer = sgd(lr = 0.1),
    batch     = 2
    optimizer "*.b" = sgd(lr = 1)
    seed   = 1,
    epochs = 3
  }
  train a { loss = l, only = ["a"] }
}
`,
  ],
  'others do not align': ['a   = 1\nlong = 2\n', 'a = 1\nlong = 2\n'],
  operators: [
    `a = first_of_all(x) + second_of_all(y) * third_of_all(z) * fourth_of_all(z) - fifth_of_all(w) + g(v, w)
b = (first_of_all(x) and second_of_all(y) or third_of_all(z)) and (fourth_of_all(z) or fifth_of_all(w))
`,
    `a = first_of_all(x)
  + second_of_all(y) * third_of_all(z) * fourth_of_all(z)
  - fifth_of_all(w)
  + g(v, w)
b = (first_of_all(x) and second_of_all(y) or third_of_all(z))
  and (fourth_of_all(z) or fifth_of_all(w))
`,
  ],
  brackets: [
    `layer block(heads, hidden = 4, drop = 0, causal = false)(x: [batch, T, d], memory: [batch, S, d] = x) -> [batch, T, d] = x
a = stack([first_of_all(x), second_of_all(y), third_of_all(z), fourth_of_all(z), fifth_of_all(w), v])
b = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, -25, 26, 27, 28]
`,
    `layer block(heads, hidden = 4, drop = 0, causal = false)(
  x: [batch, T, d],
  memory: [batch, S, d] = x
) -> [batch, T, d] = x
a = stack([
  first_of_all(x),
  second_of_all(y),
  third_of_all(z),
  fourth_of_all(z),
  fifth_of_all(w),
  v
])
b = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, -25, 26,
  27, 28
]
`,
  ],
  choices: [
    `fn f(x) = if first_of_all(x) then second_of_all(x) else if third_of_all(x) then fourth_of_all(x) else fifth(x)
fn g(x) { return if first_of_all(x) then second_of_all(x) * third_of_all(x) else fourth_of_all(x) + fifth_of_all(x) }
`,
    `fn f(x) =
  if first_of_all(x) then second_of_all(x)
  else if third_of_all(x) then fourth_of_all(x)
  else fifth(x)
fn g(x) {
  return if first_of_all(x) then second_of_all(x) * third_of_all(x)
    else fourth_of_all(x) + fifth_of_all(x)
}
`,
  ],
  'a scan': [
    'fn f(x) { y,z=scan a in x,b in x along T backwards,h=0{h:=h+a emit h,b} return y }\n',
    `fn f(x) {
  y, z = scan a in x, b in x along T backwards, h = 0 {
    h := h + a
    emit h, b
  }
  return y
}
`,
  ],
  'comments within statements': [
    `import { a // a
, b } from "b.nn"
c = [ // first
  // one
  1, // two
  2
  // last
]
d = a // of
  + // this
  // and
  b
e = // below
  if a // c
  then b else c
f = g(
  // nothing
)
model m { // m
  train { seed = 1 // s
  , epochs = 2
  /// end
  } // t
}
`,
    `import {
  a  // a
  ,
  b
} from "b.nn"
c = [  // first
  // one
  1,  // two
  2
  // last
]
d = a  // of
  +  // this
  // and
  b
e =  // below
  if a  // c
  then b
  else c
f = g(
  // nothing
)
model m {  // m
  train {
    seed   = 1  // s
    ,
    epochs = 2
    /// end
  }  // t
}
`,
  ],
  'words that begin statements stay apart from what would make one of them': [
    'a = [ // c\nloss\nand b]\nb =\n// c\nfrom\nfrom = 1\n',
    'a = [  // c\n  loss\n    and b\n]\nb =\n  // c\n  from\nfrom = 1\n',
  ],
  'words that begin statements stay behind their bracket': [
    `a = f(return, ${'x'.repeat(50)}, ${'y'.repeat(50)})\nb = f(loss = ${'x'.repeat(50)}, next = ${'y'.repeat(50)})\n`,
    `a = f(return,
  ${'x'.repeat(50)},
  ${'y'.repeat(50)}
)
b = f(
  loss = ${'x'.repeat(50)},
  next = ${'y'.repeat(50)}
)
`,
  ],
};

it.each(Object.entries(cases))('%s', (_, [text, formatted = text]) => {
  expect(wellFormatted(text)).toBe(formatted);
});
