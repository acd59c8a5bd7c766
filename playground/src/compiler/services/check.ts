// What is wrong with a text, as the editor is told.
import { linted } from '../../../../src/analysis/lints/lint.js';
import { analyze } from '../../../../src/analysis/analyze.js';
import type { Source } from '../../../../src/diagnostics/diagnostic.js';
import { toJson, type JsonDiagnostic } from '../../../../src/diagnostics/json.js';
import { render } from '../../../../src/diagnostics/render.js';

export interface Checked {
  readonly problems: readonly Problem[];
  /** Nothing stands against compiling it. */
  readonly compiles: boolean;
}

export interface Problem extends JsonDiagnostic {
  /** As `nnc check` prints it. */
  readonly text: string;
}

export function check(source: Source): Checked {
  const texts = new Map([[source.file, source.text]]);
  const problems = linted(analyze(source)).map((each) => ({ ...toJson(each, texts), text: render(each, texts) }));
  return { problems, compiles: problems.every(({ severity }) => severity !== 'error') };
}
