// The page of one name: what `nnc ops NAME` prints.
import { check } from '../compile.js';
import type { Source } from '../diagnostics/diagnostic.js';
import { createWriter } from '../ir/formula.js';
import { printFormula } from '../ir/formula/text.js';
import { isOp, type Node } from '../ir/graph.js';
import type { ModelGraph } from '../ir/model.js';
import { mul } from '../ir/ops/arithmetic.js';
import { input } from '../ir/ops/leaves.js';
import { reachable } from '../ir/reachable.js';
import { printType } from '../ir/types.js';
import { differentiate } from '../passes/derive/differentiate.js';
import { simplify } from '../passes/derive/simplify.js';
import { imported, inputsOf, modelOf } from './examples.js';
import { listOperations, type Operation } from './operations.js';
import { describePrimitive, listPrimitives } from './primitives.js';

/** What is known of a name: a builtin with what it becomes, a definition with its source, a primitive; undefined where there is none. */
export function describeOperation(name: string, library: readonly Source[]): string | undefined {
  const found = listOperations(library).filter((operation) => operation.name === name);
  if (found.length > 0) return found.map(page).join('\n\n');
  const primitive = listPrimitives().find((p) => p.name === name);
  return primitive && describePrimitive(primitive);
}

function page(operation: Operation): string {
  const { kind, signatures, doc, example, source } = operation;
  const origin = source ? `the standard library, ${source.file}` : kind === 'syntax' ? 'the language' : 'builtin';
  const sections = [
    [...signatures, `${kind === 'part' ? 'part of' : `${kind},`} ${origin}`],
    doc === '' ? [] : indented(doc.split('\n')),
    example === undefined ? [] : ['for example', ...indented(example.split('\n'))],
    source ? ['is written', ...indented(source.text.split('\n'))] : becoming(operation),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

/** The primitives that the example becomes, and the cotangents of what it is made from. */
function becoming({ example, kind, spot }: Operation): string[] {
  if (example === undefined || spot !== 'expression') return [];
  const read = (path: string): string | undefined => (path === imported.path ? imported.text : undefined);
  const { model } = check({ file: 'example.nn', text: modelOf(example, spot) }, { read });
  const written = model?.training.outputs.find(({ name }) => name === 'result')?.node;
  if (!model || !written) return [];
  const [result] = simplify([written], model.builder, 'value');
  const types = inputsOf(example).map(({ name, type }) => `${name}: ${type}`);
  const write = createWriter(
    () => undefined,
    () => undefined,
  );
  const made = [...types, `y = ${printFormula(write(result))}: ${printType(result.type)}`];
  return ['becomes', ...indented(made), ...(kind === 'static' ? [] : ['', ...indented(derivative(model, result))])];
}

function derivative({ builder: g }: ModelGraph, result: Node): string[] {
  const leaves = reachable([result]).flatMap((node) =>
    isOp(node, input) && node.type.element.kind === 'f32' ? [node] : [],
  );
  if (result.type.element.kind !== 'f32' || leaves.length === 0) return ['no gradient flows through it'];
  const cotangent = g.make(input, [], { name: 'd_y', type: result.type });
  const found = differentiate(g.make(mul, [cotangent, result], {}), leaves, g);
  const write = createWriter((node) => (node === result ? 'y' : undefined));
  const lines = leaves.flatMap((leaf, i) => {
    const d = found[i];
    return d
      ? [`d_${leaf.attrs.name} = ${printFormula(write(simplify([d], g, 'derived', reachable([result]))[0]))}`]
      : [];
  });
  return lines.length > 0 ? lines : ['no gradient flows through it'];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`.trimEnd());
}
