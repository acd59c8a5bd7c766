// The names that a kernel's text gives to sizes, axes, buffers and lets: one scope for everything the kernel mentions.
import type { Axis } from '../../ir/index.js';
import type { Buffer } from '../../ir/scalar.js';
import type { Scope } from './names.js';

/** The names that are visible in one block. */
export class KernelScope {
  private readonly names = new Map<Axis | Buffer | string, string>();

  constructor(
    private readonly scope: Scope,
    private readonly outer?: KernelScope,
  ) {}

  inside(): KernelScope {
    return new KernelScope(this.scope.inside(), this);
  }

  bindSize(name: string): string {
    return this.bind(`size ${name}`, name);
  }

  bindBuffer(buffer: Buffer): string {
    return this.bind(buffer, buffer.name);
  }

  /** An axis over the batch is called b, beside the size. */
  bindAxis(axis: Axis): string {
    return this.bind(axis, axis.name, [...axis.name][0].toLowerCase());
  }

  bindLocal(name: string): string {
    return this.bind(`local ${name}`, name);
  }

  /** A name for something that only the printer knows of. */
  fresh(name: string): string {
    return this.scope.take(name);
  }

  size(name: string): string {
    return this.find(`size ${name}`, name);
  }

  buffer(buffer: Buffer): string {
    return this.find(buffer, buffer.name);
  }

  axis(axis: Axis): string {
    return this.find(axis, axis.name);
  }

  local(name: string): string {
    return this.find(`local ${name}`, name);
  }

  private bind(what: Axis | Buffer | string, ...wanted: readonly [string, ...string[]]): string {
    const name = this.scope.take(...wanted);
    this.names.set(what, name);
    return name;
  }

  private find(what: Axis | Buffer | string, name: string): string {
    const found = this.names.get(what) ?? this.outer?.find(what, name);
    if (found === undefined) throw new Error(`${name} is not bound in its kernel`);
    return found;
  }
}
