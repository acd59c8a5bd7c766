// What a compilation has at a stage, for tests that look at it, or damage it.
import { check, differentiateModel, targets, type Target } from '../../src/compile.js';
import { passesFrom } from '../../src/passes.js';
import { isAt, walk, type Context, type Forms, type Stage } from '../../src/passes/pipeline.js';

/** The form that a model has when the pass has run. */
export function formAfter<S extends Stage>(text: string, pass: string, stage: S, target: Target): Forms[S] {
  const { model, diagnostics } = check({ file: 'm.nn', text });
  if (!model) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  const form = walk(
    { stage: 'gradient', is: differentiateModel(model) },
    passesFrom('store', pass),
    contextFor(target),
  );
  if (!form || !isAt(form, stage)) throw new Error(`no ${stage} after ${pass}`);
  return form.is;
}

export function contextFor(target: Target): Context {
  return {
    target: targets[target],
    read: () => undefined,
    memoryLimit: Infinity,
    threads: false,
    without: new Set(),
    diagnostics: [],
  };
}
