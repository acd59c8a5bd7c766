// The primitive operations and the library's definitions as pages for people, made from the ops and the library themselves.
import type { Source } from '../diagnostics/diagnostic.js';
import { createBuilder } from '../ir/builder.js';
import { createWriter } from '../ir/formula.js';
import type { Node, Op, Sample } from '../ir/graph.js';
import { constant } from '../ir/index.js';
import { input } from '../ir/ops/leaves.js';
import { ops } from '../ir/ops/registry.js';
import { bool, dim, f32, printType, tensor, type ElementType, type TensorType } from '../ir/types.js';
import { parse } from '../parser/parse.js';
import type { Declaration } from '../parser/tree.js';

export interface OperationLine {
  readonly name: string;
  readonly kind: 'primitive' | 'fn' | 'layer' | 'optimizer' | 'constant';
  readonly summary: string;
}

/** Everything there is to name, primitives first. */
export function listOperations(library: readonly Source[]): OperationLine[] {
  const primitives = ops.map(({ name, summary }): OperationLine => ({ name, kind: 'primitive', summary }));
  const defined = definitions(library).map(({ declaration: { name, kind, doc } }): OperationLine => ({
    name,
    kind,
    summary: (doc ?? '').split('\n')[0],
  }));
  return [...primitives, ...defined];
}

/** The page of one name: a primitive with its derivative and its rules, a definition with its source; undefined where there is none. */
export function describeOperation(name: string, library: readonly Source[]): string | undefined {
  const pages = [
    ...ops.filter((op) => op.name === name).map((op) => describePrimitive(op as Op)),
    ...definitions(library)
      .filter(({ declaration }) => declaration.name === name)
      .map(({ declaration, source }) => describeDefinition(declaration, source)),
  ];
  return pages.length === 0 ? undefined : pages.join('\n\n');
}

function describePrimitive(op: Op): string {
  const lines = [`${op.name}: primitive operation`, `  ${op.summary}`];
  for (const sample of op.samples.slice(0, 1)) lines.push('', ...applied(op, sample).map((line) => `  ${line}`));
  const rules = op.rules ?? [];
  if (rules.length > 0) lines.push('', '  simplifies by', ...rules.map(({ equation }) => `    ${equation}`));
  return lines.join('\n');
}

/** One use with its types, and what the cotangents of its inputs are. */
function applied(op: Op, sample: Sample): string[] {
  const g = createBuilder();
  const names = sample.inputs.length === 1 ? ['x'] : ['a', 'b', 'c', 'd', 'e'];
  const inputs = sample.inputs.map((text, i) => {
    const type = typeOf(text);
    return type && g.make(input, [], { name: names[i], type });
  });
  if (!inputs.every((node) => node !== undefined)) return [];
  const node = g.make(op, inputs, sample.attrs);
  const formula = createWriter(() => undefined)(node).text;
  const lines = inputs.map((leaf, i) => `${names[i]}: ${printType(leaf.type)}`);
  const head = [...lines, `y = ${formula}: ${printType(node.type)}`];
  if (!op.vjp) return [...head, '', 'no gradient flows through it'];
  const cotangent = g.make(input, [], { name: 'd_y', type: node.type });
  const write = createWriter((n) => (n === node ? 'y' : undefined));
  const given = op.vjp(cotangent, node, g);
  const flows = (d: Node | undefined, i: number): string[] => (d ? [`d_${names[i]} = ${write(d).text}`] : []);
  return [...head, '', ...given.flatMap(flows)];
}

/** Reads `f32[2, 3]`, `index(4)[2]`, `bool[3]` or `f32`. */
function typeOf(text: string): TensorType | undefined {
  const match = /^(f32|bool|index\((\d+)\))(?:\[([\d, ]*)\])?$/.exec(text);
  if (!match) return undefined;
  const element: ElementType =
    match[1] === 'f32' ? f32 : match[1] === 'bool' ? bool : { kind: 'index', size: constant(Number(match[2])) };
  const sizes = match[3] ? match[3].split(',').map(Number) : [];
  return tensor(
    sizes.map((size) => dim(constant(size))),
    element,
  );
}

interface Defined {
  readonly declaration: {
    readonly name: string;
    readonly kind: 'fn' | 'layer' | 'optimizer' | 'constant';
    readonly doc?: string;
    readonly start: number;
    readonly end: number;
  };
  readonly source: Source;
}

function definitions(library: readonly Source[]): Defined[] {
  return library.flatMap((source) =>
    parse(source).file.declarations.flatMap((declaration) => {
      const found = definitionOf(declaration);
      return found ? [{ declaration: found, source }] : [];
    }),
  );
}

function definitionOf(declaration: Declaration): Defined['declaration'] | undefined {
  switch (declaration.kind) {
    case 'fn':
    case 'layer':
    case 'optimizer':
    case 'constant': {
      const { kind, name, doc, span } = declaration;
      return { kind, name: name.name, doc, start: span.start, end: span.end };
    }
    case 'import':
    case 'gradient':
    case 'model':
      return undefined;
    default:
      return declaration satisfies never;
  }
}

function describeDefinition({ name, kind, doc, start, end }: Defined['declaration'], source: Source): string {
  const text = source.text
    .slice(start, end)
    .split('\n')
    .map((line) => `  ${line}`.trimEnd());
  const summary = doc === undefined ? [] : doc.split('\n').map((line) => `  ${line}`);
  return [`${name}: ${kind} of the standard library, ${source.file}`, ...summary, '', ...text].join('\n');
}
