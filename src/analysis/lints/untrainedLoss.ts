// `untrained-loss`: one of several losses that no trained parameter moves.
import { untrainedLoss as message } from '../../diagnostics/lints.js';
import type { Diagnostic } from '../../diagnostics/diagnostic.js';
import type { ModelGraph } from '../../ir/model.js';
import { differentiable, parametersAmong, reachable } from '../../ir/reachable.js';
import type { Identifier } from '../../parser/tree.js';

/** That a model's only loss trains nothing is an error. */
export function untrainedLoss({ training, parameters }: ModelGraph, names: readonly Identifier[]): Diagnostic[] {
  const trained = new Set(parameters.flatMap(({ name, trained: is }) => (is ? [name] : [])));
  const among = (all: readonly string[]): boolean => all.some((name) => trained.has(name));
  return training.losses.flatMap(({ name, node }) => {
    const place = names.find((each) => each.name === name);
    if (!place || among(parametersAmong(reachable([node], differentiable)))) return [];
    const reached = parametersAmong(reachable([node]));
    const on =
      reached.length === 0
        ? 'no parameter'
        : among(reached)
          ? 'parameters only by way of what has no derivative'
          : 'frozen parameters alone';
    return [message({ name, span: place.span, on })];
  });
}
