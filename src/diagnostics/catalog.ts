// Every message there is, by code.
import * as checks from './checks.js';
import * as data from './data.js';
import type { Diagnostic } from './diagnostic.js';
import * as elaboration from './elaboration.js';
import * as exports from './exports.js';
import * as explain from './explain.js';
import * as files from './files.js';
import * as gradients from './gradients.js';
import * as health from './health.js';
import * as imports from './imports.js';
import * as lints from './lints.js';
import * as loops from './loops.js';
import * as memory from './memory.js';
import * as requirements from './requirements.js';
import * as runs from './runs.js';
import * as syntax from './syntax.js';
import * as training from './training.js';
import * as types from './types.js';
import * as weights from './weights.js';

interface Entry {
  readonly code: string;
  readonly severity: Diagnostic['severity'];
}

/** A phase is a file of messages beside this one. */
const phases: Readonly<Record<string, object>> = {
  syntax,
  elaboration,
  training,
  types,
  requirements,
  gradients,
  loops,
  lints,
  data,
  exports,
  explain,
  files,
  memory,
  checks,
  runs,
  health,
  imports,
  weights,
};

/** The messages of all phases. Invariant: no two have the same code. */
export const catalog: ReadonlyMap<string, Entry & { readonly phase: string }> = new Map(
  Object.entries(phases).flatMap(([phase, messages]) =>
    Object.values(messages)
      .filter(isMessage)
      .map(({ code, severity }) => [code, { code, severity, phase }] as const),
  ),
);

function isMessage(value: unknown): value is Entry {
  return typeof value === 'function' && 'code' in value && 'severity' in value;
}
