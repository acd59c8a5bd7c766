// A step as an ONNX file in a page: ONNX Runtime Web trains as the trainer does in Node.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { syntheticInputs } from '../../src/data/synthetic.js';
import { onnxModel } from '../../src/export/onnx/export.js';
import { bytesOf } from '../../src/export/onnx/protobuf.js';
import { differences, heldBy, modelOf } from '../export/onnxRuntime.js';
import { runnableText } from '../support/runnable.js';
import { importCode } from '../support/trainer.js';
import { openPage } from './page.js';

const runtime = join(import.meta.dirname, '../../node_modules/onnxruntime-web/dist');
const mnist = join(import.meta.dirname, '../../examples/mnist/mnist.nn');
const options = { set: { hidden: 8 } };
const steps = 4;
const batch = 4;

type Numbers = readonly number[];

/** What the page needs of ONNX Runtime Web. */
interface Runtime {
  env: { wasm: { numThreads: number } };
  Tensor: new (type: string, data: object, shape: Numbers) => { data: ArrayLike<number>; dims: Numbers };
  InferenceSession: { create(file: Uint8Array): Promise<{ run(given: object): Promise<Record<string, Output>> }> };
}

type Output = InstanceType<Runtime['Tensor']>;

/** All that a run begins with. */
interface Start {
  readonly file: Numbers;
  readonly seed: number;
  readonly held: Readonly<Record<string, { readonly shape: Numbers; readonly values: Numbers }>>;
  readonly batches: readonly { readonly image: Numbers; readonly label: Numbers }[];
}

/** Runs in the page, so it stands on nothing outside: the losses of the steps. */
async function trainIn({ env, Tensor, InferenceSession }: Runtime, { file, seed, held, batches }: Start) {
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(Uint8Array.from(file));
  const whole = (values: Numbers, shape: Numbers) =>
    new Tensor('int64', BigInt64Array.from(values.map((value) => BigInt(value))), shape);
  let tensors = Object.fromEntries(
    Object.entries(held).map(([name, { shape, values }]) => [
      name,
      new Tensor('float32', Float32Array.from(values), shape),
    ]),
  );
  const losses: number[] = [];
  for (const { image, label } of batches) {
    const results = await session.run({
      ...tensors,
      image: new Tensor('float32', Float32Array.from(image), [label.length, image.length / label.length]),
      label: whole(label, [label.length]),
      step: whole([losses.length], []),
      seed: whole([seed], []),
    });
    tensors = Object.fromEntries(Object.keys(tensors).map((name) => [name, results[`next:${name}`]]));
    losses.push(results.loss.data[0]);
  }
  return losses;
}

it('trains the digits of examples/mnist alike', async () => {
  const text = readFileSync(mnist, 'utf8');
  const model = modelOf(text, options, mnist);
  const trainer = (await importCode(await runnableText(text, options, mnist))).createTrainer({ seed: 3 });
  const { held, seed } = heldBy(trainer);
  const batches = Array.from({ length: steps }, (_, step) => syntheticInputs(model.inputs, () => batch, step + 1));
  const start: Start = {
    file: Array.from(bytesOf(onnxModel(model, { kind: 'step', metadata: {} }, 20))),
    seed,
    held: Object.fromEntries(
      [...held].map(([name, { shape, values }]) => [name, { shape, values: Array.from(values) }]),
    ),
    batches: batches.map(({ image, label }) => ({ image: Array.from(image.data), label: Array.from(label.data) })),
  };
  const want = batches.map((inputs) => trainer.step(inputs).loss);
  trainer.dispose();
  const wasm = 'ort-wasm-simd-threaded.wasm';
  const { page, close } = await openPage({
    '/ort.mjs': readFileSync(join(runtime, 'ort.wasm.bundle.min.mjs'), 'utf8'),
    [`/${wasm}`]: readFileSync(join(runtime, wasm)),
  });
  const losses: number[] = await page.evaluate(
    `import('/ort.mjs').then((ort) => (${trainIn.toString()})(ort, ${JSON.stringify(start)}))`,
  );
  await close();
  expect(differences({ losses: want }, { losses })).toEqual([]);
  // It learns: what it is given does not stay.
  expect(new Set(losses).size).toBe(steps);
});
