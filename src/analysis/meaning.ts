// What the expressions of a file stand for: its models are elaborated, however much of them has errors, and say what they come upon.
import type { Diagnostic, Span } from '../diagnostics/diagnostic.js';
import type { ModelGraph, ModelPart } from '../ir/model.js';
import type { File } from '../parser/tree.js';
import { library } from '../passes/library.js';
import { elaborate } from '../passes/elaborate/elaborate.js';
import type { Value } from '../passes/elaborate/values.js';

/** Values by where they stand; where a body is run again and again, the first time. */
export class Values {
  private readonly byFile = new Map<string, Map<number, Value>>();

  /** `known`: the files that are asked about. */
  constructor(private readonly known: ReadonlySet<string>) {}

  note({ file, start, end }: Span, value: Value): void {
    if (!this.known.has(file) || value.kind === 'unknown') return;
    let places = this.byFile.get(file);
    if (!places) this.byFile.set(file, (places = new Map()));
    const key = keyOf(start, end);
    if (!places.has(key)) places.set(key, value);
  }

  at({ file, start, end }: Span): Value | undefined {
    return this.byFile.get(file)?.get(keyOf(start, end));
  }

  /** The smallest stretch that holds an offset, and what stands for it. */
  around(file: string, offset: number): { readonly span: Span; readonly value: Value } | undefined {
    let found: { readonly span: Span; readonly value: Value } | undefined;
    for (const [key, value] of this.byFile.get(file) ?? []) {
      const start = Math.floor(key / width);
      const end = key - start * width;
      if (start > offset || end < offset || (found && end - start >= found.span.end - found.span.start)) continue;
      found = { span: { file, start, end }, value };
    }
    return found;
  }
}

/** Sources are not longer. */
const width = 2 ** 26;

function keyOf(start: number, end: number): number {
  return start * width + end;
}

/** A model of a file: all of it, or what has a meaning where there are errors. */
export interface ModelMeaning {
  readonly name: string;
  readonly graph?: ModelGraph;
  readonly part?: ModelPart;
}

export interface Meaning {
  readonly values: Values;
  readonly models: readonly ModelMeaning[];
  /** As `nnc check` gives them, all models together. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface MeaningOptions {
  readonly set?: Readonly<Record<string, number | boolean | string>>;
  readonly model?: string;
  /** In bytes. */
  readonly memoryLimit?: number;
}

/** Of several models each; a file that only defines what others import needs none. */
export function meaningOf(entry: File, files: ReadonlyMap<string, File>, options: MeaningOptions = {}): Meaning {
  const values = new Values(new Set([entry.file, ...files.keys()]));
  const { model, set, memoryLimit = 16 * 2 ** 30 } = options;
  const all = [...new Set(entry.declarations.flatMap((d) => (d.kind === 'model' ? [d.name.name] : [])))];
  const wanted = model === undefined ? (all.length > 0 ? all : [undefined]) : [model];
  const models: ModelMeaning[] = [];
  const found: Diagnostic[] = [];
  const single = entry.declarations.filter((d) => d.kind === 'model').length < 2;
  for (const name of wanted) {
    const { diagnostics, ...made } = elaborate({
      entry,
      files,
      library: library(),
      ...((!single || model !== undefined) && name !== undefined && { model: name }),
      ...(set && { set }),
      memoryLimit,
      note: (span, value) => values.note(span, value),
    });
    found.push(...diagnostics);
    if (name !== undefined)
      models.push({ name, ...(made.model && { graph: made.model }), ...(made.part && { part: made.part }) });
  }
  // A file of definitions alone has no model, nor needs one.
  const needless = all.length === 0 && model === undefined && entry.declarations.length > 0;
  const told = needless ? found.filter(({ code }) => code !== 'no-model') : found;
  return { values, models, diagnostics: distinct(told) };
}

/** What is said of several models is said once. */
export function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (diagnostics.length < 2) return diagnostics;
  return [...new Map(diagnostics.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic])).values()];
}
