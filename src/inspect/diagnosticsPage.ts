// docs/diagnostics.md: everything that can be said of a file, made from the catalog and from programs it is said of.
import { catalog } from '../diagnostics/catalog.js';

/** A lint with what it means, a file that it is for, what is said of that, and the same put right. */
export interface LintExample {
  readonly code: string;
  readonly meaning: string;
  readonly wrong: string;
  readonly answer: string;
  readonly right: string;
}

/** An example of a message that is no lint's. */
export interface Case extends LintExample {
  /** What brings it about is beyond a test, such as a full disk: its answer is written by hand. */
  readonly byHand: boolean;
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
  imports: 'Of models of other frameworks.',
  weights: 'Of checkpoints of other frameworks.',
  health: 'Of runs that learn badly: docs/runs.md says when each is given.',
};

/** `cases`: an example of each message, by phases. */
export function diagnosticsPage(lints: readonly LintExample[], cases: ReadonlyMap<string, readonly Case[]>): string {
  const sections = Object.entries(phases).map(([phase, title]) => {
    const byCode = new Map((cases.get(phase) ?? []).map((each) => [each.code, each]));
    const entries = [...catalog.values()]
      .filter((entry) => entry.phase === phase)
      .sort((a, b) => (a.code < b.code ? -1 : 1));
    const rows = entries.map(
      ({ code, severity }) => `| \`${code}\` | ${severity} | ${cell(byCode.get(code)?.meaning ?? '')} |`,
    );
    const examples = entries.flatMap(({ code }) => caseText(byCode.get(code)));
    return [
      `### ${phase}`,
      title,
      ['| code | severity | meaning |', '| --- | --- | --- |', ...rows].join('\n'),
      ...examples,
    ];
  });
  return [head, ...lints.flatMap(section), '## All messages', ...sections.flat()].join('\n\n') + '\n';
}

/** A .nn file, or commands and files. */
function caseText(each: Case | undefined): string[] {
  if (!each) return [];
  const language = each.wrong.startsWith('$ ') ? '' : 'nn';
  const { code, meaning, wrong, answer, right } = each;
  return [`#### ${code}`, meaning, fenced(language, wrong), fenced('', answer), 'Right:', fenced(language, right)];
}

const head = `<!-- Made by npm run docs from the catalog and the programs of the tests. -->

# Diagnostics

Every message has a code, the place in the file, what it is concluded from, and where there is one a way out. \`nnc check\` prints them, as data with
\`--json\`; errors end it with exit code 1, warnings do not.

## Lints

What compiles and is likely not meant so is a warning. \`nnc check --fix\` mends what has a plain remedy, and tells the rest; remedies that change what the model computes are offered by editors alone. A comment above a line silences
a warning there: \`// nnc-ignore unguarded\`; several codes are set apart by commas. Lints are told of files without errors.`;

function section({ code, meaning, wrong, answer, right }: LintExample): string[] {
  return [`### ${code}`, meaning, fenced('nn', wrong), fenced('', answer), 'Right:', fenced('nn', right)];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*').replaceAll('_', '\\_');
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}
