// `nnc export --stablehlo`: the folder with the modules of a model, and the script that trains them.
import { join } from 'node:path';
import { trainPy } from '../embedded.js';
import { exportModules } from '../export/stablehlo/modules.js';
import type { ModelGraph, Source } from '../index.js';
import { weightsOf, type ExportOptions } from './exportWeights.js';
import { makeFolder, reached, writeFiles } from './files.js';
import { standardOutput } from './output.js';

export async function writeStableHlo(
  model: ModelGraph,
  source: Source,
  options: ExportOptions & { readonly stablehlo: string },
): Promise<void> {
  const { stablehlo: folder, batch = model.train.batch } = options;
  const { modules, manifest } = exportModules(model, batch);
  const { file } = await weightsOf(model, source, options);
  const contents: readonly (readonly [string, string | Uint8Array])[] = [
    ...modules,
    ['manifest.json', `${JSON.stringify(manifest, null, 2)}\n`],
    ['initial.safetensors', file],
    ['train.py', trainPy],
  ];
  reached(folder, () => makeFolder(folder));
  writeFiles(contents.map(([name, content]) => ({ path: join(folder, name), content })));
  standardOutput.write(`${folder}: ${contents.map(([name]) => name).join(', ')}, for batches of ${batch} rows\n`);
}
