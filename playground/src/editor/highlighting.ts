// The language's colours in CodeMirror, by the same grammar of words that VS Code has: editors/vscode/syntaxes.
import {
  HighlightStyle,
  indentService,
  StreamLanguage,
  syntaxHighlighting,
  type StringStream,
  type TagStyle,
} from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { tags, type Tag } from '@lezer/highlight';
import { aName } from '../../../src/diagnostics/name.js';
import grammar from '../../../editors/vscode/syntaxes/nn.tmLanguage.json' with { type: 'json' };

/** A rule of the grammar: what it matches, and the scopes of that or of its parts. */
interface Rule {
  readonly match: RegExp;
  readonly scopes: readonly (string | undefined)[];
}

interface GrammarRule {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly captures?: Readonly<Record<string, { readonly name: string } | undefined>>;
}

const repository: Readonly<Record<string, { readonly patterns: readonly GrammarRule[] } | undefined>> = {
  ...grammar.repository,
  all: undefined,
};

const rules: readonly Rule[] = grammar.repository.all.patterns
  .flatMap(({ include }) => repository[include.slice(1)]?.patterns ?? [])
  .map(ruleOf);

function ruleOf({ name, match, begin, end, captures = {} }: GrammarRule): Rule {
  // Strings are the only thing with a begin and an end; both stand on one line.
  if (match === undefined) return { match: new RegExp(`${begin}(?:\\\\.|[^\\\\])*?(?:${end})`, 'uy'), scopes: [name] };
  const parts = Math.max(0, ...Object.keys(captures).map(Number));
  const scopes = [name, ...Array.from({ length: parts }, (_, i) => captures[String(i + 1)]?.name)];
  return { match: new RegExp(match, 'duy'), scopes };
}

interface Token {
  readonly end: number;
  readonly scope: string | undefined;
}

/** What is left of a match that has several parts. */
interface Rest {
  tokens: Token[];
}

function tokensAt(text: string, from: number): Token[] {
  for (const { match, scopes } of rules) {
    match.lastIndex = from;
    const found = match.exec(text);
    if (!found || found[0] === '') continue;
    if (scopes.length === 1) return [{ end: match.lastIndex, scope: scopes[0] }];
    const parts = scopes.flatMap((scope, i): Token[] => {
      const [start, end] = (i > 0 && found.indices?.[i]) || [-1, -1];
      return start < 0
        ? []
        : [
            { end: start, scope: scopes[0] },
            { end, scope },
          ];
    });
    return [...parts, { end: match.lastIndex, scope: scopes[0] }];
  }
  const [blank] = unmatched.exec(text.slice(from)) ?? [' '];
  return [{ end: from + blank.length, scope: undefined }];
}

/** What no rule matches: space, a name, a sign. */
const unmatched = new RegExp(`^(?:\\s+|${aName}|.)`, 'u');

/** How scopes begin, with a name of CodeMirror's for what they are: the first that fits. */
const styles: readonly (readonly [scope: string, name: string, tag: Tag])[] = [
  ['comment', 'note', tags.comment],
  ['string', 'text', tags.string],
  ['constant', 'value', tags.number],
  ['keyword.operator.word', 'word', tags.keyword],
  ['keyword.operator', 'sign', tags.operator],
  ['keyword', 'word', tags.keyword],
  ['storage', 'word', tags.keyword],
  ['entity.name.type', 'kind', tags.className],
  ['entity.name.function', 'call', tags.function(tags.variableName)],
  ['variable', 'defined', tags.definition(tags.variableName)],
  ['support', 'kind', tags.className],
];

const nameOf = (scope: string | undefined): string | null =>
  styles.find(([start]) => scope?.startsWith(start) === true)?.[1] ?? null;

const language = StreamLanguage.define<Rest>({
  name: 'nn',
  startState: () => ({ tokens: [] }),
  copyState: ({ tokens }) => ({ tokens: [...tokens] }),
  token(stream: StringStream, state: Rest) {
    if (stream.sol()) state.tokens = [];
    state.tokens = state.tokens.filter(({ end }) => end > stream.pos);
    if (state.tokens.length === 0) state.tokens = tokensAt(stream.string, stream.pos);
    const [next] = state.tokens.filter(({ end }) => end > stream.pos);
    stream.pos = next.end;
    return nameOf(next.scope);
  },
  languageData: { commentTokens: { line: '//' }, closeBrackets: { brackets: ['(', '[', '{', '"'] } },
  tokenTable: Object.fromEntries(styles.map(([, name, tag]) => [name, tag])),
});

/** Of what is in the code of every language. */
export const commonColours: readonly TagStyle[] = [
  { tag: tags.comment, class: 'nn-comment' },
  { tag: tags.string, class: 'nn-string' },
  { tag: tags.number, class: 'nn-number' },
  { tag: tags.keyword, class: 'nn-keyword' },
  { tag: tags.className, class: 'nn-type' },
];

const colours = HighlightStyle.define([
  ...commonColours,
  { tag: tags.function(tags.variableName), class: 'nn-function' },
  { tag: tags.definition(tags.variableName), class: 'nn-definition' },
  { tag: tags.operator, class: 'nn-operator' },
]);

/** Within brackets one step further; a closing bracket stands where its line began. */
const indentation = indentService.of(({ state }, at) => {
  const { number, text } = state.doc.lineAt(at);
  if (number === 1) return 0;
  const before = state.doc.line(number - 1).text;
  const [indent = ''] = /^\s*/.exec(before) ?? [];
  const opens = /[{([]\s*(?:\/\/.*)?$/.test(before);
  return Math.max(0, indent.length + (opens ? 2 : 0) - (/^\s*[})\]]/.test(text) ? 2 : 0));
});

export const nn: Extension = [language, indentation, syntaxHighlighting(colours)];
