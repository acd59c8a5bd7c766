// Code blocks of a Markdown page, as tests read them: the first word of a fence is the language, the rest says what to expect.

export interface Block {
  readonly language: string;
  /** What stands behind the language: `error unknown-name body x: [batch, 4]`. */
  readonly info: string;
  readonly text: string;
  /** The line of its fence, from 1. */
  readonly line: number;
}

/** Every fenced block of a page, in order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; info: string; line: number; lines: string[] } | undefined;
  page.split('\n').forEach((line, i) => {
    const fence = /^```(\w*) ?(.*)$/.exec(line);
    if (open && line === '```') {
      const { lines, ...rest } = open;
      blocks.push({ ...rest, text: lines.join('\n') });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (fence) open = { language: fence[1], info: fence[2], line: i + 1, lines: [] };
  });
  return blocks;
}

/** The text of a page with the contents of its blocks replaced; for those for which `become` gives undefined they stay. */
export function withBlocks(page: string, become: (block: Block, i: number) => string | undefined): string {
  let text = page.split('\n');
  const all = blocksOf(page);
  for (const [i, block] of [...all.entries()].reverse()) {
    const next = become(block, i);
    const size = text.slice(block.line).indexOf('```');
    if (next !== undefined)
      text = [...text.slice(0, block.line), ...next.split('\n'), ...text.slice(block.line + size)];
  }
  return text.join('\n');
}

/** The file that an example stands for: itself, or a model around ```nn body INPUTS. */
export function fileOf({ info, text }: Pick<Block, 'info' | 'text'>): string {
  const body = /\bbody (.*)$/.exec(info);
  if (!body) return `${text}\n`;
  const inputs = body[1].split(/, (?=\w+:)/).map((input) => `  input ${input}`);
  const lines = text.split('\n').map((line) => (line === '' ? '' : `  ${line}`));
  return ['model example {', ...inputs, ...lines, '  param weight_: f32 = 1', '  loss = weight_^2', '}', ''].join('\n');
}
