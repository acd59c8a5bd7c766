// The gradient's formula of a name, worked out when it is looked at: it takes longer than all else, and is left off where a key is pressed.
import { printFormula } from '../ir/formula/text.js';
import type { Node } from '../ir/graph.js';
import { onlyPlayer, type ModelGraph } from '../ir/model.js';
import { reachable } from '../ir/reachable.js';
import { derivationOf } from '../inspect/derivation/derivation.js';
import { unknownName } from '../inspect/derivation/select.js';
import { relationOf } from '../inspect/derivation/data.js';
import type { Page } from './pages.js';

/** A formula that is longer says little in a tooltip. */
const longest = 300;
/** A model of so many nodes, or of so many one after another, takes longer to derive than anyone looks at a tooltip. */
const mostNodes = 20_000;
const deepest = 2_000;

/** `d_W = xᵀ d_z` of a parameter, an input or a value of a model; undefined where there is none. */
export function gradientAt(page: Page, offset: number): string | undefined {
  const use = page.useAt(offset);
  const kind = use?.entity?.kind;
  if (!use || (kind !== 'param' && kind !== 'value' && kind !== 'input')) return undefined;
  const place = use.entity?.span?.start ?? 0;
  const { file, models } = page.analysis();
  const declaration = file.declarations.find((d) => d.kind === 'model' && d.span.start <= place && place < d.span.end);
  const graph = models.find(({ name }) => declaration?.kind === 'model' && name === declaration.name.name)?.graph;
  const loss = graph?.training.loss;
  if (!loss || graph.builder.size > mostNodes || depthOf(loss) > deepest) return undefined;
  return formulaOf(graph, use.name);
}

/** How many nodes stand one after another up to this one. */
function depthOf(node: Node): number {
  const depths = new Map<Node, number>();
  for (const one of reachable([node])) depths.set(one, 1 + Math.max(0, ...one.inputs.map((i) => depths.get(i) ?? 0)));
  return depths.get(node) ?? 0;
}

function formulaOf(model: ModelGraph, name: string): string | undefined {
  const wanted = { wrt: [name] };
  const names = model.players.flatMap((player) => player.name ?? []);
  const parts = names.length > 0 ? names.map((player) => onlyPlayer(model, player)) : [model];
  const part = parts.find((one) => one.training.loss && unknownName(one, wanted) === undefined);
  const step = part && derivationOf(part, wanted).parameters.at(-1);
  if (!step) return undefined;
  const text = `${printFormula(step.left)} ${relationOf(step)} ${printFormula(step.formula)}`;
  return text.length <= longest ? text : undefined;
}
