// The graphs of a model, stage by stage, as a page.
import { check } from '../../../../src/compile.js';
import type { Source } from '../../../../src/diagnostics/diagnostic.js';
import { printGraphPage } from '../../../../src/inspect/graph/page.js';
import { pictureOf } from '../../../../src/inspect/graph/stages.js';
import type { DataChoice } from '../../data/choice.js';
import { atStart } from './start.js';

/** The page of a source that compiles; boxes of the gradient can be coloured by its size at the start, where `sized`. */
export async function graph(source: Source, data: DataChoice, sized: boolean): Promise<string | undefined> {
  const { model } = check(source);
  if (!model) return undefined;
  const at = sized && model.training.loss ? (await atStart(model, data)).at : undefined;
  return printGraphPage(pictureOf(model, { at }));
}
