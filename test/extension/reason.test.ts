// What VS Code's extension says where a command has failed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { reasonIn } from '../../editors/vscode/src/reason.js';
import { warm } from '../cli/nnc.js';

it('tells errors with their places and hints, and no warnings', () => {
  const input = `model m {
  input x: [batch, 4]
  input never: [batch, 2]
  output y = x |> dense(3)
}
`;
  const folder = mkdtempSync(join(tmpdir(), 'nnc-reason-'));
  try {
    const said = (text: string): string => {
      writeFileSync(join(folder, 'm.nn'), text);
      return warm(['grad', 'm.nn'], { cwd: folder }).stderr;
    };
    expect(said(input)).toMatch(/^warning\[unused\]/);
    expect(reasonIn(said(input))).toBe(
      'the model m has no loss, so there is nothing to derive (give it a loss, as in `loss = mse(prediction, target)`)',
    );
    expect(reasonIn(said(input.replace('x |> dense(3)', 'p\n  loss = q')))).toBe(
      'm.nn:4:14: nothing here is called p; m.nn:5:10: nothing here is called q',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('passes on what is no diagnostic', () => {
  expect(reasonIn('nnc: this is a bug in nnc: x\n')).toBe('nnc: this is a bug in nnc: x');
  expect(reasonIn("error: option '--model <name>' argument missing\n")).toBe(
    "option '--model <name>' argument missing",
  );
});
