// docs/diagnostics.md: everything that can be said of a file, made from the catalog and from programs it is said of.
import { catalog } from '../diagnostics/catalog.js';

/** A lint with a file that it is for, what is said of that, and the same put right. */
export interface LintExample {
  readonly code: string;
  readonly wrong: string;
  readonly answer: string;
  readonly right: string;
}

/** What stands above each phase's table, in the order of a file's way through the compiler. */
const phases: Readonly<Record<string, string>> = {
  syntax: 'Of the text: words, signs and brackets.',
  elaboration: 'Of names, calls and declarations.',
  types: 'Of shapes and element types.',
  loops: 'Of `scan`.',
  requirements: 'Of what bodies `require`.',
  gradients: 'Of declared derivatives.',
  training: 'Of the train block and of optimizers.',
  memory: 'Of size.',
  checks: 'Of `nnc gradcheck` and `nnc verify`.',
  data: 'Of data sources.',
  files: 'Of files.',
  explain: 'Of questions to `nnc explain`.',
  exports: 'Of what other engines cannot be told.',
  runs: 'Of runs.',
  health: 'Of runs that learn badly: docs/runs.md says when each is given.',
};

/** `answers`: what tests have the compiler say, from which each message has an example. */
export function diagnosticsPage(lints: readonly LintExample[], answers: readonly string[]): string {
  const examples = examplesIn(answers);
  const sections = Object.entries(phases).map(([phase, title]) => {
    const rows = [...catalog.values()]
      .filter((entry) => entry.phase === phase)
      .sort((a, b) => (a.code < b.code ? -1 : 1))
      .map(({ code, severity }) => `| \`${code}\` | ${severity} | ${cell(examples.get(code) ?? '')} |`);
    return [`### ${phase}`, title, ['| code | severity | for example |', '| --- | --- | --- |', ...rows].join('\n')];
  });
  return [head, ...lints.flatMap(section), '## All messages', ...sections.flat()].join('\n\n') + '\n';
}

const head = `<!-- Made by npm run docs from the catalog and the programs of the tests. -->

# Diagnostics

Every message has a code, the place in the file, what it is concluded from, and where there is one a way out. \`nnc check\` prints them, as data with
\`--json\`; errors end it with exit code 1, warnings do not.

## Lints

What compiles and is likely not meant so is a warning. \`nnc check --fix\` mends what has a plain remedy, and tells the rest. A comment above a line silences
a warning there: \`// nnc-ignore unguarded\`; several codes are set apart by commas. Lints are told of files without errors.`;

function section({ code, wrong, answer, right }: LintExample): string[] {
  return [`### ${code}`, fenced('nn', wrong), fenced('', answer), 'Right:', fenced('nn', right)];
}

/** The first message of each code, without its code. */
function examplesIn(answers: readonly string[]): ReadonlyMap<string, string> {
  const examples = new Map<string, string>();
  for (const answer of answers)
    for (const [, code, message] of answer.matchAll(/^(?:error|warning)\[([\w-]+)\]: (.*)$/gm))
      if (!examples.has(code)) examples.set(code, message);
  return examples;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('_', '\\_');
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}
