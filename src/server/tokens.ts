// Semantic tokens: what each name is, so that an editor can colour it by that.
import type { SemanticTokens } from 'vscode-languageserver';
import type { EntityKind } from '../analysis/entities.js';
import { builtinOf } from '../analysis/library.js';
import type { Page } from './pages.js';

export const legend = {
  tokenTypes: ['function', 'class', 'parameter', 'variable', 'property', 'typeParameter', 'namespace'],
  tokenModifiers: ['declaration', 'modification', 'defaultLibrary', 'readonly'],
};

const types: Readonly<Record<EntityKind, number>> = {
  fn: 0,
  builtin: 0,
  layer: 1,
  optimizer: 1,
  model: 6,
  player: 6,
  parameter: 2,
  dimension: 5,
  constant: 3,
  value: 3,
  output: 3,
  loss: 3,
  metric: 3,
  slice: 3,
  carried: 3,
  input: 2,
  param: 4,
  state: 4,
  slot: 4,
  setting: 4,
};

const [declaration, modification, defaultLibrary, readonly] = [1, 2, 4, 8];

export function semanticTokens(page: Page, from = 0, to = Infinity): SemanticTokens {
  const data: number[] = [];
  let last = { line: 0, character: 0 };
  for (const { span, entity, role, name } of page.reading().names.uses) {
    if (!entity || span.end < from || span.start > to) continue;
    const position = page.lines.positionAt(span.start);
    const line = position.line - last.line;
    const isNumber = entity.kind === 'builtin' && builtinOf(name) === undefined;
    const ours = entity.kind === 'builtin' || entity.span?.file.startsWith('std/') === true;
    const modifiers =
      (role === 'defines' ? declaration : 0) |
      (role === 'writes' ? modification : 0) |
      (ours ? defaultLibrary : 0) |
      (entity.kind === 'constant' ? readonly : 0);
    data.push(line, line === 0 ? position.character - last.character : position.character, span.end - span.start);
    data.push(isNumber ? types.value : types[entity.kind], modifiers);
    last = position;
  }
  return { data };
}
