// The derivation of a model's gradient as a page, with the numbers of a fresh trainer for the first rows of its data.
import { check } from '../../../../src/compile.js';
import { lossAbsent } from '../../../../src/diagnostics/data.js';
import type { Source } from '../../../../src/diagnostics/diagnostic.js';
import { derivationOf } from '../../../../src/inspect/derivation/derivation.js';
import { numbersOf } from '../../../../src/inspect/derivation/numbers.js';
import { printDerivationPage } from '../../../../src/inspect/print/html/page.js';
import { evaluateSizes } from '../../../../src/ir/index.js';
import { onlyPlayer, type ModelGraph } from '../../../../src/ir/model.js';
import { elementCount } from '../../../../src/ir/types.js';
import type { DataChoice } from '../../data/choice.js';
import { atStart } from './start.js';

export interface DerivationAsked {
  /** Worked numbers; where nothing says, of models that are small enough to be worked in a moment. */
  readonly numbers?: boolean;
  /** One of several train blocks. */
  readonly block?: string;
}

export type DerivationAnswer =
  | {
      readonly kind: 'page';
      readonly html: string;
      /** The train blocks that have names. */
      readonly blocks: readonly string[];
      /** `the first 4 rows of xor`, `4 made-up rows`; absent where no numbers are shown. */
      readonly rows?: string;
    }
  | { readonly kind: 'none'; readonly why: string };

/** Numbers in parameters, up to which numbers are worked unasked. */
const smallModel = 5000;

/** The page of a source that compiles. */
export async function derivation(
  source: Source,
  data: DataChoice,
  { numbers, block }: DerivationAsked,
): Promise<DerivationAnswer> {
  const { model } = check(source);
  if (!model?.training.loss)
    return { kind: 'none', why: lossAbsent({ model: model?.name ?? source.file, what: 'derive' }).message };
  const blocks = model.players.flatMap(({ name }) => name ?? []);
  const chosen = blocks.find((name) => name === block) ?? blocks.at(0);
  const part = chosen === undefined ? model : onlyPlayer(model, chosen);
  const derived = derivationOf(part);
  const wanted = numbers ?? sizeOf(model) <= smallModel;
  const start = wanted ? await atStart(model, data) : undefined;
  const html = await printDerivationPage(part, derived, {
    source: source.text,
    alone: true,
    ...(start && { numbers: numbersOf(part, derived, start.at), at: 'init' }),
  });
  return { kind: 'page', html, blocks, ...(start && { rows: start.said }) };
}

/** How many numbers its parameters hold. */
function sizeOf({ parameters }: ModelGraph): number {
  return parameters.reduce((sum, { type }) => sum + evaluateSizes(elementCount(type), () => 1), 0);
}
