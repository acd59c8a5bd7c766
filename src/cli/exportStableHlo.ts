// `nnc export --stablehlo`: the folder with the modules of a model, the script that trains them, and what that keeps in a run's folder.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '../diagnostics/diagnostic.js';
import { fileUnwritable } from '../diagnostics/files.js';
import { trainPy } from '../embedded.js';
import { exportModules } from '../export/stablehlo/modules.js';
import type { Exported } from './exportSource.js';
import { weightsOf, type ExportOptions } from './exportWeights.js';
import { makeFolder, reached, writeFiles } from './files.js';
import { standardOutput } from './output.js';

export async function writeStableHlo(
  exported: Exported,
  options: ExportOptions & { readonly stablehlo: string },
): Promise<void> {
  const { model, overrides, kept, run } = exported;
  const { stablehlo: folder, batch = run?.record.batch ?? model.train.batch } = options;
  keepOthers(join(folder, 'train.py'));
  const { modules, manifest: functions } = exportModules(model, batch);
  const manifest = { ...functions, overrides, files: kept };
  const { file } = await weightsOf(exported, options);
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

/** The first words of every train.py that an export has written. */
const mark = '"""Trains the model whose modules stand beside this file';

/** A script of this name may be the user's own. */
function keepOthers(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return;
  if (readFileSync(file, 'utf8').startsWith(mark)) return;
  const reason = 'there is one that nnc export did not write: name another folder, or move it away';
  throw new Fault(fileUnwritable({ file, reason }));
}
