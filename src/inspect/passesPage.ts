// The page of docs/ that lists the passes of a compilation: made from the list itself.
import { passes } from '../passes.js';
import { stages } from '../passes/stages.js';

/** docs/passes.md. */
export function passesPage(): string {
  const rows = passes.map(({ name, from, to, why, optional }) => {
    const kinds = from === to ? to : `${from} → ${to}`;
    return `| \`${name}\` | ${kinds} | ${why} | ${optional ? 'yes' : ''} |`;
  });
  const forms = Object.entries(stages).map(([stage, { what }]) => `| \`${stage}\` | ${what} |`);
  return [
    '# The passes',
    'Written by `npm run docs` from `src/passes.ts`, which is the list that the compiler walks; `nnc passes` prints it.',
    'What a compilation has at each stage:',
    ['| stage | holds |', '| --- | --- |', ...forms].join('\n'),
    'The passes, in the order in which they run. The first eight run once; the others for each program that the module holds.',
    ['| pass | stage | it | optional |', '| --- | --- | --- | --- |', ...rows].join('\n'),
    '`nnc compile --emit STAGE` prints the last form of a stage (of `graph` the first, as the model is written), `--emit all -o DIR` writes ' +
      'each, and what each pass has changed. `--without PASS` leaves an optional pass out: results are the same but for rounding. ' +
      '`--verify` checks what every pass has made: types, axes and addresses, that plans fit their nests, that lets and barriers stand where they must, ' +
      'that what is read has been written, and that what lives at once lies apart.',
  ].join('\n\n');
}
