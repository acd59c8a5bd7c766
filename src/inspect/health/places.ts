// Where in the source stands what a message is about: the call that made a node, an input, or a setting of the train block.
import { aName } from '../../diagnostics/name.js';
import type { Span } from '../../diagnostics/diagnostic.js';
import { lineSpan } from '../../diagnostics/position.js';
import type { Node, Origin } from '../../ir/graph.js';
import type { ModelGraph, Requirement } from '../../ir/model.js';
import { parse } from '../../parser/parse.js';
import type { Setting, Statement } from '../../parser/tree.js';

/** The call in the user's source that made a node, else the line; the model's name where nobody wrote it. */
export function placeOf(node: Node, model: ModelGraph): Span {
  const origin = originOf(node);
  return (origin && spanOf(origin, model.sources.get(origin.file))) ?? nameOf(model);
}

/** The origin of a node, or of the nearest that it is made of. */
function originOf(node: Node): Origin | undefined {
  for (let at: Node | undefined = node; at; at = at.inputs.at(0)) if (at.origin) return at.origin;
  return undefined;
}

/** A line without its comment, or the word in it that is called there. */
export function spanOf({ file, line, calls, sites }: Pick<Origin, 'file' | 'line'> & Partial<Origin>, text = ''): Span {
  const whole = lineSpan(file, text, line);
  const shown = text.slice(whole.start, whole.end).replace(/\s*\/\/.*$/, '');
  const end = Math.max(whole.start + 1, whole.start + shown.length);
  const word = calls?.[0];
  if (word === undefined) return { file, start: whole.start, end };
  const nth = Number(/_(\d+)$/.exec(sites?.[0]?.slice(word.length) ?? '')?.[1] ?? 1);
  const found = [...shown.matchAll(new RegExp(aName, 'gu'))].filter(([name]) => name === word);
  const at = found.at(nth - 1) ?? found.at(0);
  if (!at) return { file, start: whole.start, end };
  const start = whole.start + at.index;
  return { file, start, end: start + word.length };
}

/** The name of a model, where it is declared. */
export function nameOf({ file, place }: ModelGraph): Span {
  return { file, ...place };
}

/** A setting of the train block of this name, else of the one that says it; the model's name where none does. */
export function settingPlace(model: ModelGraph, setting: string, player?: string): Span {
  return settingOf(model, setting, player)?.span ?? nameOf(model);
}

/** The learning rate that an optimizer is given, else the optimizer. */
export function ratePlace(model: ModelGraph, player?: string): Span {
  const setting = settingOf(model, 'optimizer', player);
  if (!setting) return nameOf(model);
  const { value, span } = setting;
  if (value.kind !== 'call') return span;
  const given = value.arguments.find(({ name }) => name?.name === 'lr') ?? value.arguments.find(({ name }) => !name);
  if (!given) return span;
  return { ...given.value.span, start: (given.name ?? given.value).span.start };
}

/** The input, output, metric or loss of this name, where it is declared; the model's name where there is none. */
export function declaredPlace(model: ModelGraph, wanted: string): Span {
  const named = bodyOf(model).flatMap((statement) => {
    switch (statement.kind) {
      case 'input':
      case 'output':
      case 'metric':
      case 'loss':
        return statement.name ?? [];
      default:
        return [];
    }
  });
  return named.find(({ name }) => name === wanted)?.span ?? nameOf(model);
}

/** What the model itself requires in these words; the model's name where a layer requires it. */
export function requiredPlace(model: ModelGraph, { owner, text }: Requirement): Span {
  const found = bodyOf(model).find((statement) => statement.kind === 'require' && statement.text.value === text);
  return owner === undefined && found ? found.span : nameOf(model);
}

function settingOf(model: ModelGraph, wanted: string, player: string | undefined): Setting | undefined {
  const blocks = bodyOf(model).flatMap((statement) => (statement.kind === 'train' ? [statement] : []));
  const settings = [...blocks.filter(({ name }) => name?.name === player), ...blocks].flatMap((b) => b.settings);
  return settings.find(({ name }) => name.name === wanted);
}

/** The statements of the model as they are written. */
function bodyOf({ file: path, text, place }: ModelGraph): readonly Statement[] {
  const { file } = parse({ file: path, text });
  const declared = file.declarations.find(
    ({ kind, span }) => kind === 'model' && span.start <= place.start && place.end <= span.end,
  );
  return declared?.kind === 'model' ? declared.body : [];
}
