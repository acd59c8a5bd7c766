// Trains students with a teacher and without one, on the same digits from the same seeds:
//
//   node examples/distillation/compare.mjs TEACHER CHECKPOINT STUDENT ALONE
//
// TEACHER is a module of teacher.nn and CHECKPOINT its weights; STUDENT is one of student.nn, and ALONE one of it with share = 0.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { test, train } from '../mnist/data.mjs';

/** The first digits of a set, as trainers take them. */
export function firstDigits({ image, label }, count) {
  return { image: Float32Array.from(image.subarray(0, 784 * count)), label: label.subarray(0, count) };
}

/** The weights by which a student hears the teacher. */
export function opinionOf(teacher) {
  return Object.fromEntries(Object.entries(teacher.parameters).map(([name, values]) => [name, values]));
}

/** The share of digits, a multiple of a thousand, that a network names rightly. */
export function accuracyOn(trainer, { image, label }) {
  let right = 0;
  for (let from = 0; from < label.length; from += 1000)
    right += trainer.evaluate({
      image: image.subarray(784 * from, 784 * (from + 1000)),
      label: label.subarray(from, from + 1000),
    }).accuracy;
  return (right * 1000) / label.length;
}

/** A student's accuracy at the end, and after each epoch if they are to be told. */
export async function study(createTrainer, seed, parameters, data, tested, { epochs, batch, told } = {}) {
  const student = await createTrainer({ seed, parameters, batch: 1000 });
  for await (const { epoch } of student.fit(data, { epochs, batch })) told?.(epoch, accuracyOn(student, tested));
  return accuracyOn(student, tested);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [module, checkpoint, ...students] = process.argv.slice(2);
  const load = (path) => import(pathToFileURL(resolve(path)));
  const teacher = await (await load(module)).createTrainer({ parameters: readFileSync(checkpoint), batch: 1000 });
  const tested = firstDigits(test, 10_000);
  console.log(`the teacher: ${accuracyOn(teacher, tested).toFixed(4)}`);
  const [taught, alone] = await Promise.all(students.map(load));
  const parameters = opinionOf(teacher);
  for (const [what, { createTrainer }] of Object.entries({ alone, taught })) {
    const found = [];
    for (const seed of [1, 2, 3, 4, 5])
      found.push(await study(createTrainer, seed, parameters, firstDigits(train, 1000), tested));
    const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
    console.log(`${what.padEnd(6)} ${found.map((value) => value.toFixed(4)).join(' ')}  mean ${mean.toFixed(4)}`);
  }
}
