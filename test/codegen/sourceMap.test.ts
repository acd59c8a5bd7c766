// Where a module comes from: its source map in Node, the names of WebAssembly's functions, the labels of WebGPU's pipelines.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kernelTexts, lineOrigins } from '../../src/codegen/emit.js';
import { emitWasm } from '../../src/codegen/wasm/emitWasm.js';
import { check, compile, programOf } from '../../src/compile.js';
import { printPlace } from '../../src/ir/source.js';

const text = `import { gate } from "gates.nn"

model net {
  input x: [batch, 6]
  input y: [batch, 2]
  hidden = x |> dense(8)
  opened = gate(hidden)
  p = opened |> dense(2)
  loss = mse(p, y)
  train { optimizer = sgd(lr = 0.1), batch = 4 }
}
`;
const gates = `// Gates.
fn gate(x: [batch, n]) -> [batch, n] {
  return tanh(x) * sigmoid(x)
}
`;
const options = {
  read: (path: string) => (path === 'models/gates.nn' ? gates : undefined),
  fileName: (file: string) => file.replace('models/', '../models/'),
} as const;
const source = { file: 'models/net.nn', text };

async function compiled(target: 'ts' | 'wasm' | 'wgsl') {
  const made = await compile(source, { ...options, target, language: 'js', sourceMap: 'net module.js' });
  const { code, map, program } = made;
  if (code === undefined || map === undefined || !program)
    throw new Error(made.diagnostics.map((d) => d.message).join('\n'));
  const payload: SourceMapPayload = JSON.parse(map);
  return { code, payload, program, lines: code.split('\n') };
}

/** What a place of a module comes from: `net.nn:6`; undefined where it is nobody's. */
function origin(map: SourceMap, line: number, column: number): string | undefined {
  const { originalSource, originalLine = NaN }: Partial<SourceMapping> = map.findEntry(line, column);
  return originalSource === undefined ? undefined : `${originalSource}:${originalLine + 1}`;
}

describe('the source map', () => {
  it('names the files of the model, as the module says them, and holds their text', async () => {
    const { code, payload } = await compiled('ts');
    expect(payload).toMatchObject({
      version: 3,
      file: 'net module.js',
      sources: ['../models/net.nn', '../models/gates.nn'],
      sourcesContent: [text, gates],
    });
    expect(code.trimEnd().split('\n').at(-1)).toBe('//# sourceMappingURL=net%20module.js.map');
    expect(code).toContain('from ../models/net.nn:\n');
  });

  it.each(['ts', 'wgsl'] as const)(
    'maps every line of a kernel of %s to a line that the kernel names',
    async (target) => {
      const { code, payload, program, lines } = await compiled(target);
      const map = new SourceMap(payload);
      const kernels = new Map(program.kernels.map((kernel) => [kernel.name.replaceAll('.', '_'), kernel]));
      const texts = kernelTexts(code, kernels);
      expect(texts).toHaveLength(program.kernels.length);
      for (const { kernel, from, to } of texts) {
        const own = kernel.provenance.sources.map(printPlace);
        expect(own.length).toBeGreaterThan(0);
        for (let line = from; line <= to; line++) {
          expect(own, `${line}: ${lines[line - 1]}`).toContain(origin(map, line - 1, lines[line - 1].length));
        }
      }
      // What is not the model's is nobody's.
      const trainer = lines.findIndex((line) => line.includes('function createTrainer('));
      expect(origin(map, trainer, 4)).toBeUndefined();
    },
  );

  it('tells apart what one kernel makes of several lines', async () => {
    const { code, program, lines } = await compiled('ts');
    const kernels = new Map(program.kernels.map((kernel) => [kernel.name, kernel]));
    const origins = lineOrigins(code, kernels);
    const lineOf = (start: string): string | undefined => {
      const source = origins.get(lines.findIndex((line) => line.trim().startsWith(start)) + 1);
      return source && printPlace(source);
    };
    expect(lineOf('opened_tanh[')).toBe('../models/gates.nn:3');
    expect(lineOf('p_dense_product[')).toBe('../models/net.nn:8');
  });

  it('lets Node name the line of the model where a step throws', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nnc-map-'));
    try {
      const { code, payload } = await compiled('ts');
      writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
      writeFileSync(join(folder, 'net module.js'), code);
      writeFileSync(join(folder, 'net module.js.map'), JSON.stringify(payload));
      writeFileSync(
        join(folder, 'run.js'),
        [
          "import { createTrainer } from './net module.js';",
          'const trainer = createTrainer();',
          "Math.tanh = () => { throw new Error('planted'); };",
          'try { trainer.step({ x: new Float32Array(6), y: new Float32Array(2) }); }',
          'catch (error) { console.log(error.stack); }',
        ].join('\n'),
      );
      const { stdout, stderr } = spawnSync(process.execPath, ['--enable-source-maps', 'run.js'], {
        cwd: folder,
        encoding: 'utf8',
      });
      const [, planted, kernel, entry] = stdout.split('\n').map((line) => line.trim());
      expect(planted, stderr).toContain('run.js:3');
      expect(kernel).toMatch(/\/models\/gates\.nn:3:3\)?$/);
      expect(entry).toMatch(/^at runStep .*\.nn:\d+:3\)?$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('what engines call kernels', () => {
  it('is in the stack of a trap in WebAssembly', async () => {
    const { model } = check(source, options);
    if (!model) throw new Error('the model has errors');
    const { binary } = emitWasm(programOf(model, 'wasm'));
    // A memory without a page: the first kernel that reads it traps.
    const memory = new WebAssembly.Memory({ initial: 0 });
    const { instance } = await WebAssembly.instantiate(Uint8Array.from(binary), { env: { memory } });
    const { step } = instance.exports;
    if (typeof step !== 'function') throw new Error('there is no entry');
    const run = (): unknown => step(4, 4);
    expect(run).toThrow(WebAssembly.RuntimeError);
    let stack = '';
    try {
      run();
    } catch (error) {
      if (error instanceof Error) stack = error.stack ?? '';
    }
    expect(stack.split('\n')[1]).toMatch(/^ *at \w+ \.\.\/models\/\w+\.nn:\d+ \(wasm:/);
    expect(stack).toContain('at step (wasm:');
  });

  it('labels the pipelines of WebGPU', async () => {
    const { code, program } = await compiled('wgsl');
    const places = /const places = (\{[^}]*\})/.exec(code)?.[1] ?? '';
    for (const { name, provenance } of program.kernels)
      expect(places).toContain(`${name.replaceAll('.', '_')}: "${printPlace(provenance.sources[0])}"`);
    expect(code).toMatch(/createComputePipeline\(\{\s*label,/);
  });
});
