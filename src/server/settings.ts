// The settings of train blocks, with what each is for.
import { settingNames } from '../passes/elaborate/train/settings.js';

const docs: Readonly<Record<string, string>> = {
  optimizer: 'How parameters are updated: `adam(lr = 1e-3)`. With patterns of names before `=`, for those alone.',
  batch: 'Rows of a step.',
  epochs: 'How often all rows are gone through.',
  seed: 'What random draws start from.',
  accumulate: 'So many steps average their gradients, and the last of them updates.',
  clip_norm: 'The largest norm of all gradients together.',
  clip_value: 'The largest size of an element of a gradient.',
  validation: 'A share of the rows that is held back to check with, or data of their own.',
  test: 'A share of the rows that is held back for the end, or data of their own.',
  ema: 'Evaluation and `predict` use a moving average of each weight, of which this share stays at each update.',
  monitor: 'The loss or metric that decides which epoch is the best; `"-NAME"` where lower is better.',
  patience: 'Ends the run after so many epochs without a better one.',
  shuffle: '`false`: rows stay in the order of their source.',
  memory: '`"small"`: activations are computed again in the backward pass rather than kept.',
  precision: '`"mixed"`: activations and gradients are stored as halves, for `wasm` and `wgsl`.',
  freeze: 'Patterns of parameters that are not trained: `["embed.*"]`.',
  data: 'Where rows come from: `csv("rows.csv", x = 0..7)`.',
  loss: 'Of several train blocks: the losses that this one minimises.',
  only: 'Of several train blocks: patterns of the parameters that this one trains.',
  every: 'Of several train blocks: this one is left out but at each so many-th step.',
};

export function settingDoc(name: string): string | undefined {
  return docs[name];
}

/** Those of a block: a train block with a name is one of several, and has not those of the whole run. */
export function settings(ofPlayer: boolean): readonly { readonly name: string; readonly doc: string }[] {
  return settingNames(ofPlayer ? 'player' : 'whole').map((name) => ({ name, doc: docs[name] ?? '' }));
}
