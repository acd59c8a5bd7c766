// The picture of what could be built of a model with errors, each error in its place.
import { allNames } from '../../diagnostics/name.js';
import { everyNode } from '../../ir/bodies.js';
import type { Node } from '../../ir/graph.js';
import type { ModelPart } from '../../ir/model.js';
import { baseName } from '../../ir/source.js';
import { printType } from '../../ir/types.js';
import type { Diagnostic, Span } from '../../diagnostics/diagnostic.js';
import { lineAt, lineStarts } from '../../diagnostics/position.js';
import type { Edge, Item, ModelPicture } from './data.js';
import { drawNodes, drawnAs, idOf } from './items.js';

/** The stage `source` alone. An error reads the values that its line names. */
export function pictureOfPart(part: ModelPart, diagnostics: readonly Diagnostic[]): ModelPicture {
  const byName = new Map(part.values.map(({ name, node }) => [name, node]));
  const drawn = drawNodes(everyNode(part.values.map(({ node }) => node)), {
    model: part,
    isGiven: () => false,
    resultOf: () => undefined,
  });
  const faults = diagnostics
    .filter(({ severity }) => severity === 'error')
    .map((fault, i) => faultOf(fault, i, part, byName));
  const items = [...drawn.map(({ item }) => item), ...faults];
  return { model: part.name, file: part.file, stages: [{ stage: 'source', items, regions: [] }] };
}

function faultOf(
  { message, labels, trace }: Diagnostic,
  i: number,
  { file, text }: ModelPart,
  byName: ReadonlyMap<string, Node>,
): Item {
  const span = [...labels.map((label) => label.span), ...(trace ?? []).map((call) => call.span)].find(
    (place) => place.file === file,
  );
  const line = span && lineAt(lineStarts(text), span.start) + 1;
  const read = span ? namesOn(span, text).flatMap((name) => byName.get(name) ?? []) : [];
  return {
    id: `fault${i + 1}`,
    kind: 'fault',
    label: message,
    type: 'unknown',
    formula: message,
    layers: [],
    inputs: read.map((node): Edge => ({ from: idOf(drawnAs(node)), type: printType(node.type) })),
    lines: line === undefined ? [] : [{ file: baseName(file), line }],
    links: {},
  };
}

/** The words of the line that a span starts on. */
function namesOn({ start }: Span, text: string): string[] {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const end = text.indexOf('\n', start);
  return [...new Set(allNames(text.slice(from, end < 0 ? text.length : end)))];
}
