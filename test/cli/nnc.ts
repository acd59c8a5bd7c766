// Runs the built command as a user would.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `nnc` with the arguments; paths start from `cwd`, by default the project. */
export function nnc(
  args: readonly string[],
  options: { readonly cwd?: string; readonly input?: string } = {},
): Outcome {
  if (!existsSync(join(root, 'dist/cli/main.js'))) throw new Error('build first: npm run build');
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [join(root, 'bin/nnc.js'), ...args], {
    cwd: options.cwd ?? root,
    input: options.input ?? '',
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    timeout: 120_000,
    env: { ...process.env, NO_COLOR: '1' },
  });
  if (error) throw error;
  return { status, stdout, stderr };
}
