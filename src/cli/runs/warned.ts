// Warnings as a run's record keeps them.
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import { toJson } from '../../diagnostics/json.js';
import { textOf } from '../files.js';
import type { Warned } from './record.js';

export function warnedOf(warning: Diagnostic, at: Pick<Warned, 'key' | 'epoch' | 'step'>): Warned {
  const { code, message, labels, notes, help } = toJson(warning, textOf);
  const [first] = labels;
  return {
    ...{ code, ...at, message },
    ...(first && { file: first.file, line: first.line, column: first.column, label: first.text }),
    ...{ notes, ...(help !== undefined && { help }) },
  };
}
