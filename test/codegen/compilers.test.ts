// Modules under compilers of TypeScript, the newest and an old one, as strict as projects are made: every target, and models of every form.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asItComes, toJavaScript } from '../../src/codegen/emit.js';
import { chosen, full } from '../support/full.js';
import { plainly } from '../support/runnable.js';

const train = 'train { optimizer = sgd(lr = 0.1) }';
const models: Readonly<Record<string, string>> = {
  everything: `model everything {
  input x: [batch, 3]
  input y: [batch]
  input kind: index(4)[batch]
  input known: bool[batch]
  frozen param q: [3] = 1
  param of_kind: [4] = 0
  p = (x * q |> batch_norm |> dense(1))[:, 0] + of_kind[kind]
  output p
  output positive = p > 0
  output largest = argmax(x)
  loss = mean((p - y)^2 * f32(known))
  loss size = mean(p^2)
  metric error = mae(p, y)
  train { optimizer = adam(lr = linear(0.1, 0, steps = 9)), clip_norm = 1, accumulate = 2 }
}`,
  no_output: `model m { input x: [batch, 3]\n loss = mean((x |> dense(1) |> dropout(0.5))^2)\n ${train} }`,
  no_train: 'model m { input x: [batch, 3]\n output y = x |> dense(2)\n loss = mean(y) }',
  no_loss: 'model m { input x: [batch, 3]\n state s: f32 = 1\n output y = s * (x |> dense(2)) }',
  no_parameter: 'model m { input x: [3]\n output x\n loss = mean(x) }',
  no_input: `model m { param w: [3] = 2\n loss = mean(w^2)\n ${train} }`,
  two_sizes: `model m { input a: [n, 3]\n input b: [k, 3]\n loss = mean(a |> dense(1)) * mean(b |> dense(2))\n ${train} }`,
  players: `model m {
  input x: [batch, 2]
  a = x |> dense(2) |> dropout(0.5)
  b = x |> dense(3)
  loss left = mean(a^2)
  loss right = mean(b^2)
  output a
  train { epochs = 2 }
  train __proto__ { loss = left, only = "a.*", optimizer = adam(lr = cosine(peak = 0.1)), accumulate = 2, every = 3 }
  train constructor { loss = [left, right], optimizer = sgd(lr = 0.1) }
}`,
  observing: `model m {
  input x: [batch, 2]
  output y = x |> standardize
  loss = mean((y |> dense(1))^2)
  ${train}
}`,
  names: `model constructor {
  input __proto__: [typeof, 2]
  input arguments: [new, Math]
  param toString: [2] = 1
  hasOwnProperty = __proto__ * toString + mean(arguments)
  output undefined = hasOwnProperty
  loss prototype = mean(hasOwnProperty^2)
  metric __defineGetter__ = mean(hasOwnProperty)
  ${train}
}`,
};
/** Enough work for threads to share. */
const wide = `model wide {
  input x: [batch, 50]
  logits = x |> dense(72) |> gelu |> dense(7)
  loss = mean(logits^2)
  train { optimizer = adam(lr = 1e-3), batch = 96 }
}`;
const targets = ['ts', 'wasm', 'wgsl', 'wgsl,wasm'] as const;

/** All are checked as they are; in projects, where modules are not to be checked, a few show what the projects' options ask for. */
const few = ['everything', 'no_loss', 'players', 'observing', 'names'];
const inProjects = chosen(Object.keys(models), (name) => few.includes(name));

/** A program over the model `everything`, for a trainer that answers at once or later. */
const program = (module: string): string => `
import { createTrainer, model, type Losses, type Outputs, type ParameterName, type TrainerOptions } from './${module}.js';
const inputs = { x: new Float32Array(6), y: new Float32Array(2), kind: new Uint8Array(2), known: new Uint8Array(2) };
export const options: TrainerOptions = { seed: undefined, batch: undefined, parameters: { q: new Float32Array(3) } };
export async function use(): Promise<number> {
  const trainer = await createTrainer(options);
  const { loss, size, error }: Losses = await trainer.step(inputs);
  const { p, positive, largest }: Outputs = await trainer.predict({ x: { data: inputs.x, shape: [2, 3] }, kind: inputs.kind });
  const all: readonly [Float32Array, Uint8Array, Int32Array] = [p, positive, largest];
  const { gradients } = await trainer.gradients(inputs);
  const gradient: Float32Array = gradients.of_kind;
  for await (const { losses, validation } of trainer.fit(inputs, { epochs: 1, signal: undefined })) {
    const checked: Losses | undefined = validation;
    void [losses.loss, checked];
  }
  // @ts-expect-error there is no such loss
  void (await trainer.evaluate(inputs)).accuracy;
  // @ts-expect-error frozen parameters have no gradient
  void gradients.q;
  // @ts-expect-error an input is missing
  await trainer.step({ x: inputs.x });
  // @ts-expect-error no such option
  await createTrainer({ sed: 1 });
  return loss + size + error + all.length + gradient.length;
}
export const names: readonly ParameterName[] = model.parameters.map((p) => p.name);
`;

const strict = { strict: true, noUnusedLocals: true, noUnusedParameters: true, noFallthroughCasesInSwitch: true };
const bundled = { target: 'es2022', module: 'esnext', moduleResolution: 'bundler', lib: ['ES2022', 'DOM'], types: [] };
/** As `tsc --init` writes it. */
const made = {
  ...{ module: 'nodenext', target: 'esnext', types: [], sourceMap: true, declaration: true, declarationMap: true },
  ...{ noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, strict: true, jsx: 'react-jsx' },
  ...{ verbatimModuleSyntax: true, isolatedModules: true, moduleDetection: 'force', skipLibCheck: true },
};
/** As Vite's templates have it. */
const vite = {
  ...{ ...bundled, ...strict, target: 'es2023', lib: ['ES2023', 'DOM'], skipLibCheck: true, noEmit: true },
  ...{ allowImportingTsExtensions: true, verbatimModuleSyntax: true, moduleDetection: 'force' },
};
/** What the old compiler does not know. */
const newer = { noUncheckedSideEffectImports: true };

const root = mkdtempSync(join(tmpdir(), 'nnc-types-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What the compiler says of the files of a folder. */
function checked(compiler: string, folder: string, compilerOptions: object, include?: readonly string[]): string {
  const place = join(root, folder);
  writeFileSync(
    join(place, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, outDir: 'out' }, include }),
  );
  const tsc = fileURLToPath(new URL(`../../node_modules/${compiler}/bin/tsc`, import.meta.url));
  return spawnSync(process.execPath, [tsc, '-p', place], { encoding: 'utf8', cwd: place }).stdout;
}

const folders = ['bare', 'project/whole', 'project/declared'];

beforeAll(async () => {
  for (const folder of folders) {
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, folder, 'package.json'), '{ "type": "module" }');
  }
  const write = (folder: string, name: string, text = ''): void => writeFileSync(join(root, folder, name), text);
  for (const target of targets) {
    const kind = target.replace(',', '_');
    for (const [name, text] of Object.entries(models)) {
      // What it adds to its two halves shows in any model.
      if (
        target === 'wgsl,wasm' &&
        !['everything', 'no_loss', 'no_parameter', 'players', 'observing', 'names'].includes(name)
      )
        continue;
      const source = { file: `${name}.nn`, text };
      // With all types, in lines as they come: compilers do not read how a text is laid out.
      const { code = '', diagnostics } = await plainly(source, { target }, asItComes);
      expect([name, diagnostics.map((d) => d.message)]).toEqual([name, []]);
      expect(code.startsWith('// @ts-nocheck\n')).toBe(true);
      if (inProjects.includes(name)) write('project/whole', `${name}_${kind}.ts`, code);
      write('bare', `${name}_${kind}.ts`, code.replace(/.*\n/, ''));
      if (name !== 'everything') continue;
      const { js, dts } = await toJavaScript(code);
      expect(js.startsWith('// Compiled by nnc')).toBe(true);
      write('project/declared', `${name}_${kind}.js`, js);
      write('project/declared', `${name}_${kind}.d.ts`, dts);
    }
    for (const folder of folders) write(folder, `use_${kind}.ts`, program(`everything_${kind}`));
  }
  const { code = '' } = await plainly({ file: 'wide.nn', text: wide }, { target: 'wasm', threads: true }, asItComes);
  expect(code).toContain('awaitWork');
  write('bare', 'everything_threads.ts', code.replace(/.*\n/, ''));
}, 600_000);

// The libraries are the compiler's own to check.
const alone = { ...bundled, ...strict, skipLibCheck: true, noEmit: true };

describe.each(chosen(['typescript', 'typescript-5.4'], (compiler) => compiler === 'typescript'))(
  'modules under %s',
  (compiler) => {
    const newest = compiler === 'typescript' ? newer : {};
    it('are strict themselves', () => expect(checked(compiler, 'bare', alone)).toBe(''), 300_000);
    it(
      'compile in a project that tsc makes, in TypeScript and in JavaScript with declarations',
      () => expect(checked(compiler, 'project', { ...made, ...newest })).toBe(''),
      300_000,
    );
  },
);

// The old one takes ten times as long: it sees what has every form, all targets in a few modules, and declarations, at once.
if (!full)
  it('modules and declarations are strict under typescript-5.4', () => {
    const seen = ['everything_ts', 'everything_wgsl_wasm', 'everything_threads', 'use_ts', 'use_wgsl_wasm'];
    const files = ['bare', 'project/declared'].flatMap((folder) => seen.map((name) => `${folder}/${name}.*`));
    expect(checked('typescript-5.4', '.', alone, files)).toBe('');
  }, 300_000);

it('modules compile in a project that Vite makes', () => {
  expect(checked('typescript', 'project/whole', { ...vite, ...newer, erasableSyntaxOnly: true })).toBe('');
}, 300_000);
