// Draws the pictures of examples: runs the picture.mjs of each that has one, or of those named, and writes its picture.svg. The playground's
// is a picture of its page.
//
//   npm run pictures [NAME… | playground]
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const examples = join(dirname(fileURLToPath(import.meta.url)), '../examples');
const named = process.argv.slice(2);

for (const name of named.length > 0 ? named : [...readdirSync(examples), 'playground']) {
  if (name === 'playground') {
    const { drawPlayground } = await import('./playgroundPicture.mjs');
    await drawPlayground(join(examples, '../docs/pictures/playground.png'));
    console.log('docs/pictures/playground.png');
    continue;
  }
  const script = join(examples, name, 'picture.mjs');
  if (named.length === 0 && !existsSync(script)) continue;
  const { picture } = await import(script);
  writeFileSync(join(examples, name, 'picture.svg'), await picture());
  console.log(`examples/${name}/picture.svg`);
}
