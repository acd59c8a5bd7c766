// `node bench/compiling.mjs [TARGET…]`: CPU time that compiling takes, pass by pass, in relation to that of the first model, and what each
// further layer of a transformer takes. DEPTHS: of how many layers it is, from few to many; ROUNDS: how often each is compiled.
import { readFileSync } from 'node:fs';
import { compile } from '../dist/index.js';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');
const depths = (process.env.DEPTHS ?? '2,12,24').split(',').map(Number);
const models = [
  { name: 'mnist', text: read('../examples/mnist/mnist.nn') },
  { name: 'lenet', text: read('../examples/lenet/lenet.nn') },
  ...depths.map((depth) => ({
    name: `transformer ${depth}`,
    text: read('models/transformer.nn'),
    set: { depth },
    depth,
  })),
];
const rounds = Number(process.env.ROUNDS ?? 7);
const wanted = process.argv.slice(2);
for (const target of wanted.length > 0 ? wanted : ['ts', 'wasm', 'wgsl']) await measure(target);

async function measure(target) {
  const runs = models.map(() => []);
  const sizes = [];
  // In turn, for a neighbour may be busy for longer than one takes.
  for (let round = 0; round < rounds; round++)
    for (const [i, model] of models.entries()) {
      const { times, code } = await timed(model, target);
      runs[i].push(times);
      sizes[i] = code.length;
    }
  const medians = runs.map((all) => medianOf(all.slice(1)));
  const cold = runs.map(([first]) => first.get('all'));
  const names = [...medians[0].keys()];
  const row = (label, values) => console.log(`${label.padEnd(22)}${values.map((v) => v.padStart(16)).join('')}`);
  row(
    target,
    models.map(({ name }) => name),
  );
  for (const name of names)
    row(
      name,
      medians.map((m) => (m.get(name) ?? 0).toFixed(1)),
    );
  row(
    'ratio',
    medians.map((m) => (m.get('all') / medians[0].get('all')).toFixed(2)),
  );
  row(
    'a further layer',
    medians.map((m, i) => {
      const [before, here] = [models[i - 1]?.depth, models[i].depth];
      return before === undefined || here === undefined ? '' : perLayer(medians[i - 1], m, here - before).toFixed(1);
    }),
  );
  row(
    'first time',
    cold.map((v) => v.toFixed(0)),
  );
  row('bytes', sizes.map(String));
  console.log();
}

function perLayer(fewer, more, layers) {
  return (more.get('all') - fewer.get('all')) / layers;
}

async function timed({ name, text, set }, target) {
  const times = new Map();
  const start = process.cpuUsage();
  let last = start;
  const mark = (what) => {
    const { user, system } = process.cpuUsage(last);
    last = process.cpuUsage();
    times.set(what, (times.get(what) ?? 0) + (user + system) / 1000);
  };
  const { code, diagnostics } = await compile(
    { file: `${name}.nn`, text },
    { target, set, watch: ({ pass }) => mark(pass.name) },
  );
  if (code === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  mark('emit');
  const { user, system } = process.cpuUsage(start);
  times.set('all', (user + system) / 1000);
  return { times, code };
}

function medianOf(all) {
  const keys = [...new Set(all.flatMap((times) => [...times.keys()]))];
  return new Map(
    keys.map((key) => {
      const values = all.map((times) => times.get(key) ?? 0).sort((a, b) => a - b);
      return [key, values[values.length >> 1]];
    }),
  );
}
