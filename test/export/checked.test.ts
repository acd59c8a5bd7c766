// What onnx's checker said is of the files as they are exported today: checked.txt has a digest of the form of each, see check.py.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { onnxModel } from '../../src/export/onnx/export.js';
import { elementTypes, type Attribute, type Declared, type Graph } from '../../src/export/onnx/model.js';
import { predictGraph } from '../../src/export/graphs.js';
import { chosen } from '../support/full.js';
import { modelOf } from './onnxRuntime.js';

const root = resolve(import.meta.dirname, '../..');
const [said, ...lines] = readFileSync(join(import.meta.dirname, 'checked.txt'), 'utf8')
  .trimEnd()
  .split('\n');

/** By model: what was said of `predict, version 18` and the like. */
const verdicts = new Map<string, Map<string, string>>();
for (const line of lines) {
  const [, part, verdict] = /^ {2}(\w+, version \d+): (.*)$/.exec(line) ?? [];
  if (part === undefined) verdicts.set(line, new Map());
  else [...verdicts.values()].at(-1)?.set(part, verdict);
}

it('every example and recorded model was checked, and none was refused', () => {
  const found = ['examples', 'test/reference/cases'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.nn') && !name.includes('node_modules'))
      .map((name) => `${folder}/${name}`),
  );
  expect([...verdicts.keys()].sort()).toEqual(found.sort());
  expect(said).toMatch(/^onnx 1\.\d+\.\d+, check_model\(full_check\) and infer_shapes\(strict_mode\)$/);
  for (const [name, parts] of verdicts)
    for (const [part, verdict] of parts)
      expect(`${name} ${part} ${verdict}`).toMatch(/ valid, \d+ operators, [0-9a-f]{16}$| no train block$/);
});

/** Small ones. */
const few = ['examples/xor/xor.nn', 'examples/line/line.nn'];

it.each(chosen([...verdicts.keys()], (name) => few.includes(name)))('%s is as it was checked', (name) => {
  const path = join(root, name);
  const read = (file: string): string | undefined => {
    try {
      return readFileSync(resolve(dirname(path), file), 'utf8');
    } catch {
      return undefined;
    }
  };
  const model = modelOf(readFileSync(path, 'utf8'), { set: settingsOf(path), read }, path);
  const tensors = new Map(predictGraph(model).held.map((held) => [held.name, new Float32Array()]));
  for (const [part, verdict] of verdicts.get(name) ?? []) {
    if (verdict === 'no train block') continue;
    const opset = Number(part.slice(-2));
    const of = part.startsWith('step')
      ? ({ kind: 'step', updates: 100, metadata: {} } as const)
      : ({ kind: 'predict', tensors, seed: 0, metadata: {} } as const);
    const form = formOf(onnxModel(model, of, opset).graph).join('\n');
    const digest = createHash('sha256').update(form).digest('hex').slice(0, 16);
    expect(`${part}: ${verdict.replace(/.*, /, '')}`).toBe(`${part}: ${digest}`);
  }
});

/** Of a recorded model. */
function settingsOf(path: string): Readonly<Record<string, number>> {
  if (!path.includes('reference')) return {};
  const record: { readonly set?: Readonly<Record<string, number>> } = JSON.parse(
    readFileSync(path.replace(/\.nn$/, '.json'), 'utf8'),
  );
  return record.set ?? {};
}

/** All of a graph but the numbers of its tensors, line by line. */
function formOf({ stored, inputs, outputs, operations }: Graph): readonly string[] {
  const declared = ({ name, type, dims }: Declared): string => `${name} ${elementTypes[type]} ${dims.join()}`;
  return [
    ...stored.map(declared),
    ...[...inputs, ...outputs].map(declared),
    ...operations.map((operation) => {
      const attributes = Object.entries(operation.attributes).map(([name, value]) => `${name}=${attributeOf(value)}`);
      return `${operation.operator} ${operation.inputs.join()} ${operation.outputs.join()} ${attributes.join(' ')}`;
    }),
  ];
}

function attributeOf(value: Attribute): string {
  if ('graph' in value) return `{${formOf(value.graph).join(';')}}`;
  if ('int' in value) return `${value.int}`;
  if ('text' in value) return value.text;
  if ('ints' in value) return value.ints.join();
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(value.float);
  return bytes.toString('hex');
}
