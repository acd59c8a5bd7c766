// Generated code with what each of its lines comes of: what the code pane lights up.
import { emitModule, kernelTexts, lineOrigins, printWat } from '../../../../src/codegen/emit.js';
import { makePrograms } from '../../../../src/compile.js';
import type { Source } from '../../../../src/diagnostics/diagnostic.js';
import { textsInWat, type Range } from '../../../../src/inspect/explain/lines.js';
import type { Kernel } from '../../../../src/ir/program.js';
import { forReaders } from '../../../../src/codegen/text/printer.js';

/** `wat`: the functions of WebAssembly as text; the module holds them as bytes. */
export type ListingKind = 'ts' | 'wat' | 'wasm' | 'wgsl';

export interface Listing {
  readonly code: string;
  /** Lines of the code, from 1, that are kernels, with the lines of the model that they come of: the primary one first. */
  readonly kernels: readonly (Range & { readonly lines: readonly number[] })[];
  /** Lines of the code that come of one line of the model. */
  readonly origins: readonly (readonly [generated: number, line: number])[];
}

export async function listing(source: Source, kind: ListingKind): Promise<Listing | undefined> {
  const target = kind === 'wat' ? 'wasm' : kind;
  const [made] = makePrograms(source, { target }).programs;
  if (!made) return undefined;
  const { program } = made;
  const own = (kernel: Kernel): readonly number[] =>
    kernel.provenance.sources.flatMap(({ file, line }) => (file === source.file ? [line] : []));
  if (kind === 'wat') {
    const code = printWat(program);
    const kernels = textsInWat(program, code).map(({ kernel, from, to }) => ({ from, to, lines: own(kernel) }));
    return { code, kernels, origins: [] };
  }
  const { code, kernels: names } = await emitModule(program, { target, writer: forReaders });
  const origins = [...lineOrigins(code, names)].flatMap(([generated, from]) =>
    from?.file === source.file ? [[generated, from.line] as const] : [],
  );
  const kernels = kernelTexts(code, names).map(({ kernel, from, to }) => ({ from, to, lines: own(kernel) }));
  return { code, kernels, origins };
}
