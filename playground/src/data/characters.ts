// A text as rows of a model: windows of it, and the same windows one character further on.
import { windowColumn } from '../../../src/data/columns.js';
import { datasetOf, rowLength } from '../../../src/data/dataset.js';
import { classesOf } from '../../../src/data/words.js';
import { dataMalformed } from '../../../src/diagnostics/data.js';
import { Fault } from '../../../src/diagnostics/diagnostic.js';
import type { ModelGraph } from '../../../src/ir/model.js';
import type { Rows } from './table.js';

/** What stands for characters beyond those that a model has numbers for. */
const rare = '\uFFFD';

/** The first input takes a window, every other one what follows. */
export async function characterRows(model: ModelGraph, own?: string): Promise<Rows> {
  const text = [...(own ?? (await import('brought:moby-dick')).data)];
  const place = 'the text';
  const [first] = model.inputs;
  const most = Math.min(...model.inputs.map(classesOf));
  if (!first || most < 2)
    throw new Fault(
      dataMalformed({ place, reason: `a text is for inputs that are an index, such as index(80)[batch, 32]` }),
    );
  const words = charactersOf(text, most);
  const numbers = new Map(words.map((word, i) => [word, i]));
  const other = numbers.get(rare) ?? 0;
  const values = Int32Array.from(text, (character) => numbers.get(character) ?? other);
  const window = rowLength(first);
  const rows = Math.floor((values.length - 1) / window);
  if (rows < 1)
    throw new Fault(
      dataMalformed({ place, reason: `found ${values.length} characters, expected at least ${window + 1}` }),
    );
  const columns = model.inputs.map(
    (input, i) => [input.name, windowColumn(values, rows, rowLength(input), window, i === 0 ? 0 : 1)] as const,
  );
  return { data: datasetOf(place, model.inputs, new Map(columns)), words: { [first.name]: words }, notes: [] };
}

/** The characters that get a number, the most frequent ones where there are too many. */
function charactersOf(text: readonly string[], most: number): readonly string[] {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const byCount = [...counts.keys()].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
  const kept = byCount.length <= most ? byCount : [...byCount.slice(0, most - 1), rare];
  return kept.sort();
}
