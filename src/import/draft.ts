// A model as one would write it: values that are piped through layers, bound to names where they are used again.
import { asLetters, spellsName } from '../diagnostics/name.js';
import { library } from '../embedded.js';

/** A step of a pipeline. */
export interface Stage {
  readonly text: string;
  /** The library's layer, where it keeps something, and how what it keeps is found in the file that is imported. */
  readonly layer?: string;
  readonly source?: readonly string[];
  /** It has weights of its own, and so begins a line; what normalises ends one. */
  readonly begins?: true;
  /** What its author called it. */
  readonly name?: string | undefined;
}

/** A value on its way: `head |> stage |> stage`. */
export interface Line {
  readonly head: string;
  /** The head is a name by itself. */
  readonly isName: boolean;
  readonly stages: readonly Stage[];
}

/** Where a layer of the written model stands, and how its weights are found. */
export interface Placed {
  readonly path: string;
  readonly layer: string;
  readonly source: readonly string[];
}

const reserved =
  'if then else and or not true false training none all pi inf batch input output loss metric param state train model layer fn import optimizer gradient scan emit observe require return along';

/** Names that would hide a definition of the library, or a word. */
const hidden = new Set([
  ...reserved.split(' '),
  ...library.flatMap(({ text }) => [...text.matchAll(/^(?:fn|layer|optimizer) (\w+)/gm)].map(([, name]) => name)),
]);

export class Draft {
  readonly placed: Placed[] = [];
  private readonly inputs: string[] = [];
  private readonly lines: string[] = [];
  private readonly outputs: string[] = [];
  private readonly functions = new Map<string, string>();
  private readonly taken = new Set<string>();
  private readonly instances = new Map<string, Stage>();
  private readonly kept = new Map<string, Line>();
  private lineCount = 0;
  /** What the author called what is being written; `instance`: the name is that of a layer that is applied again and again. */
  called: { readonly name: string | undefined; readonly instance: boolean } | undefined;
  /** Of these sources each layer is one instance, however often it is applied. */
  shared: ReadonlySet<string> = new Set();

  /** `builtins`: names of the language that no value may hide. */
  constructor(
    private readonly name: string,
    builtins: Iterable<string>,
  ) {
    for (const builtin of builtins) this.taken.add(builtin);
  }

  /** A name that nothing has yet: the wished one, or one with a number. */
  fresh(wish: string): string {
    const plain = asLetters(wish).replace(/^_+|_+$/g, '');
    const base = spellsName(plain) ? plain : `x${plain}`;
    for (let count = 1; ; count++) {
      const name = count === 1 ? base : `${base}_${count}`;
      if (this.taken.has(name) || hidden.has(name)) continue;
      this.taken.add(name);
      return name;
    }
  }

  input(wish: string, type: string): Line {
    const name = this.fresh(wish);
    this.inputs.push(`input ${name}: ${type}`);
    return { head: name, isName: true, stages: [] };
  }

  /** A function of the file, by its text. */
  define(name: string, text: string): string {
    this.functions.set(name, text);
    return name;
  }

  /** The value through one more step; a layer with weights begins a line of its own. */
  pipe(line: Line, given: Stage): Line {
    const stage = this.instanceOf({ ...given, name: this.called?.instance === true ? undefined : this.called?.name });
    const begun = stage.begins === true && line.stages.some(({ begins }) => begins);
    const from = begun ? this.bound(line) : line;
    return { ...from, stages: [...from.stages, stage] };
  }

  /** A layer that is applied more than once gets a name, and is applied by it. */
  private instanceOf(stage: Stage): Stage {
    const { source = [], layer, text } = stage;
    if (layer === undefined || !this.shared.has(source[0])) return stage;
    const key = [...source, text].join('/');
    const known = this.instances.get(key);
    if (known) return known;
    const name = this.fresh(this.called?.name ?? `shared_${layer}`);
    this.lines.push(`${name} = ${text}`);
    this.place(name, stage);
    const applied: Stage = { text: name, begins: true };
    this.instances.set(key, applied);
    return applied;
  }

  /** A parameter of the model by itself. */
  param(wish: string, shape: readonly number[]): Line {
    const name = this.fresh(wish);
    this.inputs.push(`param ${name}: [${shape.join(', ')}] = 0`);
    this.placed.push({ path: name, layer: '', source: [name] });
    return { head: name, isName: true, stages: [] };
  }

  /** Several values that one expression gives, by their names. */
  several(line: Line, count: number, text: (name: string) => string): readonly Line[] {
    const { head } = this.bound(line);
    const names = Array.from({ length: count }, () => this.fresh('part'));
    this.lines.push(`${names.join(', ')} = ${text(head)}`);
    return names.map((name) => ({ head: name, isName: true, stages: [] }));
  }

  /** What is made of one name, made once and bound: the channels of an input turned. */
  once(key: string, make: () => Line, wish: string): Line {
    const known = this.kept.get(key) ?? this.bound(make(), wish);
    this.kept.set(key, known);
    return known;
  }

  isInput(name: string): boolean {
    return this.inputs.some((text) => text.startsWith(`input ${name}:`));
  }

  /** What is made of values by their names. */
  expression(lines: readonly Line[], text: (...names: string[]) => string): Line {
    const names = lines.map((line) => this.bound(line).head);
    return { head: text(...names), isName: false, stages: [] };
  }

  /** The value by a name: `wish`, what the author called its first layer, or h1, h2, …. */
  bound(line: Line, wish?: string): Line {
    if (line.isName && line.stages.length === 0) return line;
    const called = line.stages.find(({ name }) => name !== undefined)?.name;
    const name = this.fresh(wish ?? called ?? `h${++this.lineCount}`);
    this.lines.push(`${name} = ${this.textOf(line, name)}`);
    return { head: name, isName: true, stages: [] };
  }

  output(line: Line, wish: string): void {
    if (line.isName && line.stages.length === 0 && !this.isInput(line.head)) {
      this.outputs.push(`output ${line.head}`);
      return;
    }
    const name = this.fresh(wish);
    this.outputs.push(`output ${name} = ${this.textOf(line, name)}`);
  }

  /** The text of the file; it is not formatted yet. `note`: a line about where it comes from. */
  text(note: string): string {
    const body = [...this.inputs, '', ...this.lines, ...(this.lines.length > 0 ? [''] : []), ...this.outputs];
    return [
      `// ${note}`,
      ...[...this.functions.values()].flatMap((text, i) => (i === 0 || text.includes('\n') ? ['', text] : [text])),
      '',
      `model ${this.name} {`,
      ...body.map((line) => (line === '' ? '' : `  ${line}`)),
      '}',
      '',
    ].join('\n');
  }

  private textOf({ head, isName, stages }: Line, name: string): string {
    const counts = new Map<string, number>();
    for (const stage of stages) {
      if (stage.layer === undefined) continue;
      const own = stage.text.replace(/\(.*$/s, '');
      const count = (counts.get(own) ?? 0) + 1;
      counts.set(own, count);
      this.place(`${name}.${own}${count === 1 ? '' : `_${count}`}`, stage);
    }
    const [only] = stages;
    // An activation of a name is a call.
    if (stages.length === 1 && isName && only.layer === undefined && only.begins === undefined && spellsName(only.text))
      return `${only.text}(${head})`;
    return [head, ...stages.map(({ text }) => text)].join(' |> ');
  }

  private place(path: string, { text, layer, source }: Stage): void {
    if (layer === undefined || source === undefined) return;
    if (text.startsWith('bidirectional(') && layer !== 'bidirectional')
      for (const direction of ['forward', 'backward'])
        this.placed.push({ path: `${path}.${direction}`, layer, source: [...source, direction] });
    else this.placed.push({ path, layer, source });
  }
}

/** `conv2d(8, kernel = 5)`: settings that are as the library has them by default are left out. */
export function callOf(
  name: string,
  positional: readonly string[],
  named: Readonly<Record<string, string | undefined>>,
): string {
  const settings = Object.entries(named).flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${value}`]));
  const all = [...positional, ...settings];
  return all.length === 0 ? name : `${name}(${all.join(', ')})`;
}

/** A number, or a pair where the two differ; nothing where it is the usual one. */
export function pairOf(values: readonly number[], usual?: number): string | undefined {
  const same = values.every((value) => value === values[0]);
  if (same && values[0] === usual) return undefined;
  return same ? String(values[0]) : `[${values.join(', ')}]`;
}
