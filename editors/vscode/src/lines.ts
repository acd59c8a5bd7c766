// Which lines of a compiled module belong to which lines of a model, by the comments above its kernels.

export interface KernelLines {
  /** In the model, from 0. */
  readonly source: number;
  /** In the module, from 0, both included. */
  readonly from: number;
  readonly to: number;
}

/** A kernel's comment names lines as `mnist.nn:9`; its function follows, up to a brace in its own column. */
export function linesOfKernels(module: string, file: string): readonly KernelLines[] {
  const name = file.split(/[\\/]/).at(-1) ?? file;
  const lines = module.split(/\r?\n/);
  const found: KernelLines[] = [];
  lines.forEach((line, from) => {
    const comment = /^(\s*)(?:\/\/|\/?\*\*?)/.exec(line);
    if (!comment) return;
    const sources = [...line.matchAll(/([^\s,(]+):(\d+)/g)].filter(([, path]) => path.split('/').at(-1) === name);
    if (sources.length === 0) return;
    const end = lines.findIndex((other, i) => i > from && other.startsWith(`${comment[1]}}`));
    for (const [, , number] of sources) found.push({ source: Number(number) - 1, from, to: end < 0 ? from : end });
  });
  return found;
}
