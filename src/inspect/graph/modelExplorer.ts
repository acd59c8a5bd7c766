// All stages in the format of Model Explorer: a graph for each, layers as namespaces.
// See https://github.com/google-ai-edge/model-explorer/wiki/6.-Develop-Adapter-Extension
import { printPlace } from '../../ir/source.js';
import type { Item, ModelPicture } from './data.js';

/** The graph collections of the model, as JSON that `model-explorer` opens. */
export function printModelExplorer({ model, stages }: ModelPicture): string {
  const graphs = stages.map(({ stage, items, regions }) => ({
    id: stage,
    nodes: items.map(nodeOf),
    ...(regions.length > 0 && {
      groupNodeAttributes: Object.fromEntries(
        regions.map(({ name, phase, plan, flops, bytes }) => [
          name,
          { phase, plan, flops: String(flops), bytes: String(bytes) },
        ]),
      ),
    }),
  }));
  return `${JSON.stringify([{ label: model, graphs }], undefined, 2)}\n`;
}

function nodeOf({ id, label, name, kind, layers, inputs, type, formula, lines, links }: Item) {
  const attributes = {
    kind,
    ...(name !== undefined && { name }),
    ...(formula !== undefined && { formula }),
    ...(lines.length > 0 && { source: lines.map(printPlace).join(', ') }),
    ...Object.fromEntries(Object.entries(links).map(([stage, ids]) => [`in ${stage}`, ids.join(' ')])),
  };
  return {
    id,
    label,
    namespace: layers.map((layer) => layer.replaceAll('/', '∕')).join('/'),
    attrs: Object.entries(attributes).map(([key, value]) => ({ key, value })),
    incomingEdges: inputs.map(({ from, type: read }, i) => ({
      sourceNodeId: from,
      sourceNodeOutputId: '0',
      targetNodeInputId: String(i),
      metadata: [{ key: 'type', value: read }],
    })),
    outputsMetadata: [{ id: '0', attrs: [{ key: 'type', value: type }] }],
  };
}
