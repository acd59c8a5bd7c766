// The messages of the lexer and the parser.
import { instead, message, type Label, type Span } from './diagnostic.js';

const at = (span: Span, text = ''): Label => ({ span, text });

export const unexpectedCharacter = message(
  'unexpected-character',
  (p: { span: Span; character: string; help?: string }) => ({
    message: `${p.character} has no meaning here`,
    labels: [at(p.span)],
    help: p.help,
  }),
);

export const foreignMember = message('foreign-member', (p: { span: Span; help: string }) => ({
  message: 'names are not joined by dots',
  labels: [at(p.span, 'values have no members, and the library has no modules')],
  help: p.help,
}));

export const semicolon = message('semicolon', (p: { span: Span }) => ({
  message: 'semicolons are not needed',
  labels: [at(p.span)],
  help: 'end the line instead',
  fix: instead(p.span, ''),
}));

export const foreignOperator = message('foreign-operator', (p: { span: Span; found: string; meant: string }) => ({
  message: `there is no operator ${p.found}`,
  labels: [at(p.span)],
  help: `write ${p.meant}`,
  // A word stands apart from what is around it.
  ...(!p.meant.includes(' ') && { fix: instead(p.span, /^\w/.test(p.meant) ? ` ${p.meant} ` : p.meant) }),
}));

export const foreignComment = message('foreign-comment', (p: { span: Span }) => ({
  message: 'comments begin with //',
  labels: [at(p.span)],
}));

export const commentDivides = message(
  'comment-divides',
  (p: { span: Span; divisor: string }) => ({
    message: '// begins a comment, which the rest of this line is',
    labels: [at(p.span, 'not read')],
    help: `a division is written /, and without its fraction floor(x / ${p.divisor})`,
  }),
  'warning',
);

export const foreignQuotes = message('foreign-quotes', (p: { span: Span; meant: string }) => ({
  message: 'strings stand in double quotes',
  labels: [at(p.span)],
  help: `write ${p.meant}`,
  fix: instead(p.span, p.meant),
}));

export const unterminatedString = message('unterminated-string', (p: { span: Span }) => ({
  message: 'this string does not end on its line',
  labels: [at(p.span, 'opened here')],
  help: 'end it with "',
}));

export const unknownEscape = message('unknown-escape', (p: { span: Span; found: string }) => ({
  message: `${p.found} means nothing in a string`,
  labels: [at(p.span)],
  help: 'the escapes are \\n, \\t, \\" and \\\\',
}));

export const malformedNumber = message('malformed-number', (p: { span: Span; meant: string }) => ({
  message: 'a number has digits on both sides of its point',
  labels: [at(p.span)],
  help: `write ${p.meant}`,
  fix: instead(p.span, p.meant),
}));

export const numberTooLarge = message('number-too-large', (p: { span: Span }) => ({
  message: 'this number is too large to be represented',
  labels: [at(p.span)],
  help: 'inf is the name of infinity',
}));

export const unexpectedToken = message(
  'unexpected-token',
  (p: { span: Span; found: string; expected: string; help?: string }) => ({
    message: `expected ${p.expected}, found ${p.found}`,
    labels: [at(p.span)],
    help: p.help,
  }),
);

/** It is read as what it seems to be, the next setting. */
export const settingsTogether = message(
  'settings-together',
  (p: { span: Span; name: string }) => ({
    message: `${p.name} stands right behind another setting`,
    labels: [at(p.span, 'a comma or a line end is missing before it')],
  }),
  'warning',
);

export const missingExpression = message('missing-expression', (p: { span: Span; after: string }) => ({
  message: `an expression is missing after ${p.after}`,
  labels: [at(p.span, 'nothing follows')],
}));

export const unclosedBracket = message(
  'unclosed-bracket',
  (p: { span: Span; line: number; open: string; close: string; found?: { span: Span; text: string } }) => ({
    message: `the ${p.open} of line ${p.line} is never closed`,
    labels: [
      at(p.span, 'opened here'),
      ...(p.found === undefined ? [] : [at(p.found.span, `${p.close} expected before ${p.found.text}`)]),
    ],
  }),
);

export const strayBracket = message('stray-bracket', (p: { span: Span; found: string }) => ({
  message: `this ${p.found} closes nothing`,
  labels: [at(p.span)],
}));

export const reservedWord = message('reserved-word', (p: { span: Span; word: string }) => ({
  message: `${p.word} is a reserved word and cannot be a name`,
  labels: [at(p.span)],
  help: `another name, such as ${p.word}_`,
}));

export const chainedComparison = message('chained-comparison', (p: { first: Span; second: Span; meant: string }) => ({
  message: 'comparisons cannot be chained',
  labels: [at(p.second, 'a second comparison'), at(p.first, 'of the result of this one')],
  help: `write ${p.meant}`,
}));

export const chainedRange = message('chained-range', (p: { span: Span }) => ({
  message: 'a range has one beginning and one end',
  labels: [at(p.span)],
}));

export const operandNeedsParentheses = message(
  'operand-needs-parentheses',
  (p: { span: Span; word: string; operator: string }) => ({
    message: `${p.word} needs parentheses as an operand of ${p.operator}`,
    labels: [at(p.span)],
    help: p.word === 'if' ? `${p.operator} (if … then … else …)` : `${p.operator} (${p.word} …)`,
  }),
);

export const positionalAfterNamed = message('positional-after-named', (p: { span: Span; named: Span }) => ({
  message: 'arguments by position come before those by name',
  labels: [at(p.span, 'by position'), at(p.named, 'by name')],
}));

export const nestedTooDeeply = message('nested-too-deeply', (p: { span: Span }) => ({
  message: 'this is nested too deeply',
  labels: [at(p.span)],
  help: 'give the inner part a name of its own',
}));

export const unknownElementType = message('unknown-element-type', (p: { span: Span; found: string }) => ({
  message: `there is no element type ${p.found}`,
  labels: [at(p.span)],
  notes: ['the element types are f32, bool and index(N)'],
  help: /^(float|double|f\d|real)/i.test(p.found)
    ? 'write f32'
    : /^(int|i\d|u\d|uint|long)/i.test(p.found)
      ? 'write index(N), N being how many values there are'
      : undefined,
}));

export const statementOutsideBody = message('statement-outside-body', (p: { span: Span; word: string }) => ({
  message: `${p.word} stands inside the body of a model, a layer or an optimizer`,
  labels: [at(p.span)],
}));

export const declarationInBody = message('declaration-in-body', (p: { span: Span; word: string }) => ({
  message: `${p.word} stands at the top of a file, not inside a body`,
  labels: [at(p.span)],
  help: 'move it out of the braces',
}));

export const moreErrors = message('more-errors', (p: { span: Span }) => ({
  message: 'there are more errors from here on: these come first',
  labels: [at(p.span)],
}));
