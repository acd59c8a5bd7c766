// Lets the network write: node write.mjs MODULE CHECKPOINT [BEGINNING], the module being made of writer.nn.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { alphabet, encode } from '../moby-dick/book.mjs';
import { drawn, generator } from '../moby-dick/write.mjs';

/** One character after another: each goes in beside what the network remembers of all before it. */
export function write(trainer, beginning, random, count = 500) {
  let memory = new Float32Array(trainer.parameters['foresee.W'].length / alphabet.length);
  let logits;
  const read = (character) => ({ memory, logits } = trainer.predict({ text: encode(character), before: memory }));
  for (const character of beginning) read(character);
  let text = beginning;
  for (let i = 0; i < count; i++) {
    const next = alphabet[drawn(logits, random())];
    text += next;
    read(next);
  }
  return text;
}

const [, script, module, checkpoint, beginning = 'The whale '] = process.argv;
if (script && import.meta.url === pathToFileURL(resolve(script)).href) {
  const { createTrainer } = await import(pathToFileURL(resolve(module)).href);
  const trainer = await createTrainer();
  trainer.load(readFileSync(checkpoint));
  console.log(write(trainer, beginning, generator(1)));
}
