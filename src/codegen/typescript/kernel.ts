// A kernel as a function of TypeScript, under a comment that says what it computes and where that comes from.
import type { Axis } from '../../ir/index.js';
import type { Kernel } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { arrayTypes } from '../module/layout.js';
import type { Definition, Parameter } from '../text/definition.js';
import { Scope } from '../text/names.js';
import { provenanceComment } from '../text/provenance.js';
import { KernelScope } from '../text/scope.js';
import { usesOf } from '../uses.js';
import { scalarFunctions } from './scalar.js';
import { printStatements } from './statements.js';

/** What a kernel is called with, in order. */
export type Argument =
  | { readonly kind: 'size'; readonly name: string }
  | { readonly kind: 'axis'; readonly axis: Axis }
  | { readonly kind: 'buffer'; readonly buffer: Buffer };

export interface KernelFunction {
  readonly name: string;
  readonly arguments: readonly Argument[];
  readonly definition: Definition;
}

/** Prints the kernel as a function of this name. */
export function printKernel(kernel: Kernel, name: string): KernelFunction {
  const uses = usesOf(kernel);
  const scope = new KernelScope(Scope.with(scalarFunctions));
  const sizes = [...uses.sizes].sort().map((size): [Argument, Parameter] => [
    { kind: 'size', name: size },
    { name: scope.bindSize(size), type: 'number' },
  ]);
  const buffers = [...uses.buffers].map((buffer): [Argument, Parameter] => [
    { kind: 'buffer', buffer },
    { name: scope.bindBuffer(buffer), type: arrayTypes[buffer.dtype] },
  ]);
  const axes = [...uses.axes].map((axis): [Argument, Parameter] => [
    { kind: 'axis', axis },
    { name: scope.bindAxis(axis), type: 'number' },
  ]);
  const all = [...sizes, ...axes, ...buffers];
  return {
    name,
    arguments: all.map(([argument]) => argument),
    definition: {
      kind: 'function',
      name,
      comment: provenanceComment(kernel),
      parameters: all.map(([, parameter]) => parameter),
      returns: 'void',
      body: printStatements(kernel.body, scope.inside()),
    },
  };
}
