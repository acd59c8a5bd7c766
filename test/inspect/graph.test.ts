// Pictures of models: what they show, that they are valid, and what became what.
import { DOMParser } from '@xmldom/xmldom';
import parseDot from 'dotparser';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { check, checkInPart, differentiateModel, programWithNests } from '../../src/compile.js';
import { explain } from '../../src/inspect/explain/costs.js';
import { arrange, type Arranged } from '../../src/inspect/graph/arrange.js';
import type { ModelPicture, StageGraph, StageName } from '../../src/inspect/graph/data.js';
import { printDot } from '../../src/inspect/graph/dot.js';
import { createLayout, type Laid } from '../../src/inspect/graph/layout.js';
import { printModelExplorer } from '../../src/inspect/graph/modelExplorer.js';
import { dataOf } from '../../src/inspect/graph/page.js';
import { pictureOfPart } from '../../src/inspect/graph/part.js';
import { pictureOf } from '../../src/inspect/graph/stages.js';
import type { ModelGraph } from '../../src/ir/model.js';
import { printSvg } from '../../src/inspect/graph/svg.js';
import { groupsOf, isGroup, keyOf, type Group } from '../../src/inspect/graph/tree.js';

const root = join(import.meta.dirname, '../..');

const loop = `
model counter {
  input x: [batch, 6, 4]
  h = x |> gru(5)
  output y = h[:, 5, :] |> dense(2)
  loss = mean(y * y)
  train { optimizer = adam(lr = 0.01) }
}
`;

const repeats = `
model tower {
  input x: [batch, 8]
  input label: index(3)[batch]
  frozen param scale: [8] = 1
  h = x * scale |> repeat(5, dense(8) >> relu)
  logits = h |> dense(3)
  output p = softmax(logits)
  loss = cross_entropy(logits, label)
  train { optimizer = sgd(lr = 0.1) }
}
`;

function modelOf(text: string): ModelGraph {
  const { model, diagnostics } = check({ file: 'model.nn', text });
  if (!model) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return model;
}

function picture(text: string): ModelPicture {
  return pictureOf(modelOf(text));
}

const textOf = (name: string): string => readFileSync(join(root, `examples/${name}/${name}.nn`), 'utf8');

function example(name: string): ModelPicture {
  return picture(textOf(name));
}

function stageOf({ stages }: ModelPicture, wanted: StageName): StageGraph {
  const found = stages.find(({ stage }) => stage === wanted);
  if (!found) throw new Error(`no ${wanted}`);
  return found;
}

const pictures: readonly (readonly [string, ModelPicture])[] = [
  ['textbook', example('textbook')],
  ['lenet', example('lenet')],
  ['a loop', picture(loop)],
  ['gru', example('gru')],
];

it('draws a mask in each layer that reads it, so that no line joins layers that exchange nothing', () => {
  const text = `
model reader(d = 8, T = 4) {
  input text: index(5)[batch, T]
  output h = text |> embedding(d) |> repeat(4, transformer_block(2, causal = true))
}
`;
  for (const stage of ['source', 'forward'] as const) {
    const { items } = stageOf(picture(text), stage);
    const blockOf = (layers: readonly string[]): number =>
      Number(
        layers
          .find((layer) => layer.startsWith('transformer_block'))
          ?.split('.')
          .at(-1),
      );
    const block = new Map(items.map(({ id, layers }) => [id, blockOf(layers)]));
    const joined = items.flatMap(({ id, inputs }) =>
      inputs.map(({ from }) => [block.get(from) ?? NaN, block.get(id) ?? NaN]).filter(([from, to]) => from !== to),
    );
    const between = joined.filter(([from, to]) => !isNaN(from) && !isNaN(to));
    expect([...new Set(between.map(([from, to]) => `${from} to ${to}`))]).toEqual(['0 to 1', '1 to 2', '2 to 3']);
  }
});

it.each(['textbook', 'lenet'])('has a layer of %s for each call, so that no two read each other', (name) => {
  for (const stage of ['source', 'forward', 'backward'] as const) {
    const inTurn = (group: Group): void => {
      const before = new Map<string, Set<string>>();
      for (const { from, to } of group.edges) before.set(to, (before.get(to) ?? new Set<string>()).add(from));
      const reaches = (from: string, to: string, seen: Set<string>): boolean =>
        [...(before.get(to) ?? [])].some(
          (key) => key === from || (!seen.has(key) && (seen.add(key), reaches(from, key, seen))),
        );
      for (const child of group.children) {
        const key = keyOf(child);
        expect(reaches(key, key, new Set()), `${stage}: ${key}`).toBe(false);
        // Parts of a layer's own derivative may.
        if (isGroup(child) && (stage !== 'backward' || !child.path.includes('/'))) inTurn(child);
      }
    };
    inTurn(groupsOf(stageOf(example(name), stage)));
  }
});

describe.each(pictures)('the picture of %s', (_, whole) => {
  it('has edges between boxes that are there, and a way back for each link', () => {
    const ids = new Map(whole.stages.map(({ stage, items }) => [stage, new Map(items.map((item) => [item.id, item]))]));
    for (const { stage, items } of whole.stages) {
      expect(ids.get(stage)?.size).toBe(items.length);
      for (const { id, inputs, links } of items) {
        for (const { from } of inputs) expect(ids.get(stage)?.has(from), `${id} reads ${from} in ${stage}`).toBe(true);
        for (const [other, found] of Object.entries(links))
          for (const there of found ?? [])
            expect(
              ids.get(other as StageName)?.get(there)?.links[stage],
              `${stage} ${id}, ${other} ${there}`,
            ).toContain(id);
      }
    }
  });

  it('says what operations of the gradient are run by, and what they derive from', () => {
    // What only says where to read is in the addresses of kernels.
    const items = stageOf(whole, 'backward').items.filter(
      ({ kind, label }) => kind === 'result' || (kind === 'operation' && label !== 'index'),
    );
    const run = items.filter(({ links }) => (links.fused ?? []).length > 0);
    const derived = items.filter(({ links }) => (links.forward ?? []).length > 0);
    expect(run).toEqual(items);
    expect(derived).toEqual(items);
    for (const item of items) if (item.kind === 'result') expect(run).toContain(item);
  });

  it('is an SVG and a digraph that parse, with a box for each that is shown', () => {
    for (const stage of whole.stages) {
      const faults: string[] = [];
      const svg = new DOMParser({ onError: (_level, text) => faults.push(text) }).parseFromString(
        printSvg(stage, 'a < "b" & c'),
        'image/svg+xml',
      );
      expect(faults).toEqual([]);
      expect(svg.getElementsByTagName('rect').length).toBeGreaterThan(3);
      const [graph] = parseDot(printDot(stage, 'a "b"'));
      const nodes = (list: readonly { type: string }[]): number =>
        list.reduce((n, child) => {
          if (child.type === 'subgraph')
            return n + nodes((child as unknown as { children: { type: string }[] }).children);
          return n + (child.type === 'node_stmt' ? 1 : 0);
        }, 0);
      expect(nodes(graph.children)).toBe(stage.items.length);
    }
  });

  it('is a collection that Model Explorer takes', () => {
    const [{ label, graphs }] = JSON.parse(printModelExplorer(whole)) as [
      { label: string; graphs: { id: string; nodes: { id: string; incomingEdges: { sourceNodeId: string }[] }[] }[] },
    ];
    expect(label).toBe(whole.model);
    expect(graphs.map(({ id }) => id)).toEqual(whole.stages.map(({ stage }) => stage));
    for (const { nodes } of graphs) {
      const known = new Set(nodes.map(({ id }) => id));
      for (const { incomingEdges } of nodes)
        for (const { sourceNodeId } of incomingEdges) expect(known.has(sourceNodeId)).toBe(true);
    }
  });

  it('has no boxes over one another, whichever groups are open', () => {
    for (const stage of whole.stages) {
      const tree = groupsOf(stage);
      const paths = [...groupsIn(tree)];
      const layout = createLayout();
      fc.assert(
        fc.property(fc.subarray(paths.map(({ path }) => path)), (open) => {
          const inside = (key: string): Laid | undefined => {
            const group = paths.find((each) => keyOf(each) === key);
            return group && open.includes(group.path) ? layout(group) : undefined;
          };
          expect(overlaps(arrange(layout(tree), inside, 24))).toEqual([]);
        }),
        { numRuns: 8 },
      );
    }
  });
});

it('draws trained and frozen parameters, inputs and results apart', () => {
  const { items } = stageOf(picture(repeats), 'forward');
  const kindOf = (name: string): string | undefined =>
    items.find((item) => item.label === name || item.name === name)?.kind;
  expect(kindOf('scale')).toBe('frozen');
  expect(kindOf('x')).toBe('input');
  expect(kindOf('p')).toBe('result');
  expect(items.filter(({ kind }) => kind === 'trained')).toHaveLength(12);
});

it('lays out the copies of a layer once', () => {
  const { stages, layouts } = dataOf(picture(repeats));
  const forward = stages.find(({ stage }) => stage === 'forward');
  const layoutsOf = (group: { name: string; layout: number; groups: readonly (typeof group)[] }): number[] => [
    ...(/\.\d+$/.test(group.name) ? [group.layout] : []),
    ...group.groups.flatMap(layoutsOf),
  ];
  const found = forward ? layoutsOf(forward.root as never) : [];
  expect(found).toHaveLength(5);
  // The last is wider, as it has the author's word.
  expect(new Set(found).size).toBe(2);
  expect(layouts.length).toBeGreaterThan(2);
});

it.each(['textbook', 'gru'])('counts the bytes of %s as nnc explain does', (name) => {
  const model = modelOf(textOf(name));
  const made = programWithNests(differentiateModel(model), 'ts');
  const subject = { ...made, onGpu: made.program };
  const found = explain(subject, () => model.train.batch);
  const bytes = stageOf(pictureOf(model), 'fused').regions.reduce((sum, region) => sum + region.bytes, 0);
  expect(found?.entry).toBe('step');
  expect(bytes).toBe((found?.total.read ?? 0) + (found?.total.written ?? 0));
});

it('counts the work of kernels: that of a dense layer is known', () => {
  const { regions } = stageOf(
    picture('model m {\n  input x: [4, 3]\n  output y = x |> dense(5, bias = false)\n}\n'),
    'fused',
  );
  expect(regions.map(({ flops }) => flops)).toEqual([2 * 4 * 3 * 5]);
  expect(regions.map(({ bytes }) => bytes)).toEqual([4 * (4 * 3 + 3 * 5 + 4 * 5)]);
});

it('shows what could be built of a model with an error, and where that is', () => {
  const text = 'model m {\n  input x: [4, 3]\n  h = x |> dense(5)\n  param W: [7, 2] = 0\n  output y = h @ W\n}\n';
  const { part, diagnostics, model } = checkInPart({ file: 'm.nn', text });
  expect(model).toBeUndefined();
  const [stage] = part ? pictureOfPart(part, diagnostics).stages : [];
  const faults = stage.items.filter(({ kind }) => kind === 'fault');
  expect(faults.map(({ lines }) => lines)).toEqual([[{ file: 'm.nn', line: 5 }]]);
  const read = faults[0].inputs.map(({ from }) => stage.items.find(({ id }) => id === from));
  expect(read.map((item) => item?.name ?? item?.label)).toEqual(['h', 'W']);
});

function* groupsIn({ children }: Group): Generator<Group> {
  for (const child of children)
    if (isGroup(child)) {
      yield child;
      yield* groupsIn(child);
    }
}

function overlaps({ boxes }: Arranged): string[] {
  const found = boxes.flatMap((a, i) =>
    boxes
      .slice(i + 1)
      .filter(
        (b) =>
          Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 0.5 &&
          Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 0.5,
      )
      .map((b) => `${a.key} ${b.key}`),
  );
  return [...found, ...boxes.flatMap(({ inner }) => (inner ? overlaps(inner) : []))];
}
