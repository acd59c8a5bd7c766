// The analysis of files: that of the repository's models and faulty programs, whole and damaged.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze, type Analysis } from '../../src/analysis/analyze.js';
import { describeValue } from '../../src/analysis/text.js';
import { check } from '../../src/index.js';
import { chosen } from '../support/full.js';

const root = join(import.meta.dirname, '../..');
const modelFiles = ['examples', 'test/reference', 'test/errors', 'src/std'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.nn'))
    .map((name) => join(root, folder, name)),
);

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function analysisOf(text: string, files: Readonly<Record<string, string>> = {}): Analysis {
  return analyze({ file: 'a.nn', text }, { read: (path) => files[path] });
}

/** What a name is at its n-th place. */
function useOf(analysis: Analysis, name: string, n = 0) {
  const found = analysis.names.uses.filter((use) => use.name === name)[n];
  expect(found, `${name} at place ${n}`).toBeDefined();
  return found;
}

describe('every file', () => {
  const files = modelFiles.map((path): [string, string] => [path.slice(root.length + 1), path]);
  // Of what a file of definitions lacks, only its use tells.
  const slow = /\/lib\/|more-errors|too-deep|reference\/(programs|cases)|gan|moby-dick|players/;

  it.each(chosen(files, ([name]) => !slow.test(name)))(
    '%s: its names stand where they are written, for what is there',
    (_, path) => {
      const text = textOf(path) ?? '';
      const { names, diagnostics } = analyze({ file: path, text }, { read: textOf });
      for (const { span, name } of names.uses) expect(text.slice(span.start, span.end)).toBe(name);
      const places = names.uses.map(({ span }) => span.start);
      expect(new Set(places).size).toBe(places.length);
      if (diagnostics.some(({ severity }) => severity === 'error')) return;
      expect(names.uses.filter(({ entity }) => entity === undefined).map(({ name }) => name)).toEqual([]);
    },
  );

  it.each(chosen(files, ([name]) => name.startsWith('test/errors/') && !slow.test(name)))(
    '%s: what nnc check says',
    (_, path) => {
      const source = { file: path, text: textOf(path) ?? '' };
      const { diagnostics, file } = analyze(source, { read: textOf });
      const models = new Set(file.declarations.flatMap((d) => (d.kind === 'model' ? [d.name.name] : [])));
      if (models.size > 1 || (models.size === 0 && file.declarations.length > 0)) return;
      expect(diagnostics).toEqual(check(source, { read: textOf }).diagnostics);
    },
  );
});

describe('names', () => {
  it('are those of the innermost scope, in order', () => {
    const analysis = analysisOf(`n = 3
layer twice(n)(x: [..., m]) -> [..., m] {
  k = n * m
  return x * k
}
model m {
  input x: [batch, n]
  h = scan xt in x along n, h0 = 0 {
    h0 := h0 + sum(xt)
    emit h0
  }
  loss = sum(h) / batch + h0
}
`);
    const define = (name: string, n: number) => useOf(analysis, name, n).entity?.span?.start;
    const at = (name: string, n: number) => useOf(analysis, name, n).span.start;
    // The constant, the parameter, and the constant again where the parameter is not in scope.
    expect([0, 1, 2, 3, 4].map((n) => define('n', n))).toEqual([0, 1, 1, 0, 0].map((n) => at('n', n)));
    expect(useOf(analysis, 'm', 0).entity?.kind).toBe('dimension');
    expect(useOf(analysis, 'm', 1).entity?.span).toEqual(useOf(analysis, 'm', 0).span);
    expect(useOf(analysis, 'batch', 1).entity?.kind).toBe('dimension');
    const carried = analysis.names.uses.filter(({ name }) => name === 'h0');
    expect(carried).toHaveLength(5);
    expect(carried.map(({ role }) => role)).toEqual(['defines', 'writes', 'reads', 'reads', 'reads']);
    expect(new Set(carried.map(({ entity }) => entity)).size).toBe(1);
    expect(useOf(analysis, 'sum').entity?.kind).toBe('builtin');
  });

  it('are words of a data source, and names of sources, where inputs have these names', () => {
    const analysis = analysisOf(
      'model m {\n  input text: index(5)[batch, 4]\n  input next: index(5)[batch, 4]\n  loss = 0\n  train { optimizer = sgd(0.1), data = text("a", text = here, next = next) }\n}\n',
    );
    const kinds = (name: string) =>
      analysis.names.uses.flatMap((use) => (use.name === name ? [`${use.role} ${use.entity?.kind}`] : []));
    expect(kinds('text')).toEqual(['defines input', 'reads builtin', 'names input']);
    expect(kinds('next')).toEqual(['defines input', 'names input', 'reads builtin']);
    expect(kinds('here')).toEqual(['reads builtin']);
    expect(useOf(analysis, 'text', 1).entity?.doc?.()).toContain('Windows of a text');
  });

  it('lead into imported files and the library, and argument names to parameters', () => {
    const files = {
      'blocks.nn': 'import { deep } from "deep.nn"\nfn block(x, by = 2) = by * deep(x)\n',
      'deep.nn': 'fn deep(x) = x\n',
    };
    const analysis = analysisOf(
      'import { block } from "blocks.nn"\nmodel m {\n  input x: [batch, 2]\n  loss = mean(block(x, by = 3) |> dense(units = 1))\n}\n',
      files,
    );
    expect(useOf(analysis, 'block', 1).entity?.span?.file).toBe('blocks.nn');
    expect(files['blocks.nn'].slice(useOf(analysis, 'by').entity?.span?.start)).toMatch(/^by = 2/);
    expect(useOf(analysis, 'dense').entity?.span?.file).toBe('std/layers.nn');
    expect(useOf(analysis, 'dense').entity?.doc?.()).toContain('Fully connected');
    expect(useOf(analysis, 'units').entity?.span?.file).toBe('std/layers.nn');
  });
});

describe('meaning', () => {
  it('gives types with the names of dimensions, in bodies too', () => {
    const analysis = analysisOf(`layer block(units)(x: [..., n]) {
  h = x |> dense(units)
  return h
}
model m(hidden = 16) {
  input x: [batch, T, 8]
  a = x |> block(hidden)
  loss = mean(a)
}
`);
    const type = (name: string, n = 0) => describeValue(analysis.values.at(useOf(analysis, name, n).span));
    expect(type('x', 2)).toBe('[batch, T, 8]');
    expect(type('a')).toBe('[batch, T, hidden=16]');
    expect(type('h')).toBe('[batch, T, hidden=16]');
    expect(type('units')).toBe('hidden = 16');
    expect(type('n')).toBe('8');
    expect(type('loss')).toBe('f32');
    expect(type('batch')).toBe('batch, any size');
  });

  it('goes on elsewhere where a file is broken in several places', () => {
    const text = `fn f(x) = x +
model m {
  input x: [batch, 8]
  broken = x |> dense(
  lost = 1
  a = x |> dense(4)
  b = nothing(a)
  c = a |> relu
  loss = mean(c) + b
}
`;
    const analysis = analysisOf(text);
    expect(analysis.diagnostics.map(({ code }) => code)).toEqual(['missing-expression', 'unclosed-bracket']);
    expect(describeValue(analysis.values.at(useOf(analysis, 'c').span))).toBe('[batch, 4]');
    expect(analysis.models.map(({ name, part }) => [name, part?.values.map((v) => v.name)])).toEqual([
      ['m', ['x', 'a', 'c']],
    ]);
  });

  it('knows every model of a file', () => {
    const { models, values, names } = analysisOf(
      'model a {\n  input x: [n, 2]\n  output y = 2 * x\n}\nmodel b {\n  input z: [n, 3]\n  output u = z + 1\n}\n',
    );
    expect(models.map(({ name, graph }) => [name, graph?.inputs.length])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    const u = names.uses.find(({ name }) => name === 'u');
    expect(describeValue(u && values.at(u.span))).toBe('[n, 3]');
  });

  it('changes nothing of what is elaborated', () => {
    const source = { file: 'a.nn', text: textOf(join(root, 'examples/gru/gru.nn')) ?? '' };
    const [seen, plain] = [analyze(source).models[0]?.graph, check(source).model];
    expect(seen?.builder.size).toBe(plain?.builder.size);
    expect(seen?.training.loss?.key).toBe(plain?.training.loss?.key);
  });
});
