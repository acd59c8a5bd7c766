// What modules use of WebGPU, so that they need no typings of it: a GPUDevice fits.

/** A GPUDevice of WebGPU. */
export interface GpuDevice {
  readonly limits: GpuLimits;
  readonly features: { has(name: string): boolean };
  readonly lost: Promise<{ readonly message: string }>;
  readonly queue: {
    submit(commands: Iterable<object>): void;
    writeBuffer(to: GpuBuffer, offset: number, data: ArrayBuffer | ArrayBufferView, from?: number, size?: number): void;
  };
  createBuffer(descriptor: object): GpuBuffer;
  createShaderModule(descriptor: object): object;
  createBindGroupLayout(descriptor: object): object;
  createPipelineLayout(descriptor: object): object;
  createBindGroup(descriptor: object): object;
  createComputePipeline(descriptor: object): object;
  createCommandEncoder(): GpuEncoder;
  pushErrorScope(filter: 'validation' | 'out-of-memory'): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
  destroy(): void;
}

export interface GpuLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
}

export interface GpuBuffer {
  mapAsync(mode: number, offset?: number, size?: number): Promise<unknown>;
  getMappedRange(offset?: number, size?: number): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}

export interface GpuEncoder {
  beginComputePass(): GpuPass;
  copyBufferToBuffer(from: GpuBuffer, fromOffset: number, to: GpuBuffer, toOffset: number, size: number): void;
  finish(): object;
}

export interface GpuPass {
  setBindGroup(index: number, group: object | null, offsets?: number[]): void;
  setPipeline(pipeline: object): void;
  dispatchWorkgroups(x: number, y?: number): void;
  end(): void;
}
