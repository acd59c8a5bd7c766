// The checks of a call's inputs as straight-line code: lengths decide the run-time sizes, and everything is checked before kernels run.
import { constantOf, type Index } from '../../../ir/index.js';
import type { TrainerProgram } from '../../../ir/program.js';
import { linearIn, missing, tellSizes, type Linear } from '../../../ir/toldSizes.js';
import { elementCount, printType } from '../../../ir/types.js';
import type { Definition } from '../../text/definition.js';
import type { Engine } from '../engine.js';
import { printSize, type Layout, type SizeFields } from '../layout.js';
import { shortened } from '../../../diagnostics/quote.js';
import { literal, memberOf } from '../../text/quote.js';
import { byMode, requirementLines, type Required } from './requirements.js';

type Input = TrainerProgram['inputs'][number];

/** An input with what stands for it in the text. */
interface Given {
  readonly input: Input;
  /** Its numbers, and its shape where sizes are solved from that. */
  readonly variable: string;
  readonly shape: string;
  /** Its name and type, for messages. */
  readonly text: string;
  /** What the caller gave. */
  readonly given: string;
  readonly integers: boolean;
  readonly count: Index;
}

/**
 * A function `name(inputs, m)` that checks these inputs and puts them where kernels read them. `least` are the smallest sizes, where a trainer
 * starts without room for any.
 */
export function acceptInputs(
  name: string,
  inputsType: string,
  inputs: readonly Input[],
  layout: Layout,
  engine: Pick<Engine, 'placeFloats' | 'placeIntegers'>,
  required: Required,
  least?: readonly number[],
): Definition {
  const scope = layout.module.inside(['inputs', 'training']);
  const sizes = layout.sizes.map((s): SizeFields => ({ ...s, variable: scope.take(s.size) }));
  const named = inputs.map((input): Given => ({
    input,
    variable: scope.take(input.name),
    shape: scope.take(`${input.name}Shape`),
    text: [input.name, printType(input.type)].map((words) => literal(shortened(words))).join(', '),
    given: givenAs(input.name),
    integers: input.type.element.kind !== 'f32',
    count: elementCount(input.type),
  }));
  const names = literal(shortened(inputs.map((i) => i.name).join(', ')));
  const solved = solveSizes(named, sizes);
  const found = sizes.filter((s) => solved.known.has(s.size));
  const requirements = requirementLines(required, found);
  const asksMode = requirements.some((line) => line.startsWith('if ('));
  const lines = [
    ...(inputs.length > 0
      ? [`if (typeof inputs !== "object" || inputs === null) throw noInputs("inputs", inputs, ${names});`]
      : []),
    ...named.map((i) => `const ${i.variable} = ${i.integers ? 'integers' : 'floats'}(${i.text}, ${i.given});`),
    ...solved.lines,
    ...checkShapes(named, solved.exact, sizes),
    ...requirements,
    ...makeRoom(found, sizes, least),
    ...placeInputs(named, sizes, layout, engine),
    ...found.map((s) => `m.${s.now} = ${s.variable};`),
  ];
  return {
    kind: 'function',
    name,
    doc: 'Checks the inputs and gives them to the kernels. Their lengths decide the run-time sizes.',
    parameters: [
      { name: inputs.length > 0 ? 'inputs' : '_inputs', type: inputsType },
      { name: lines.length > 0 ? 'm' : '_m', type: 'Memory' },
      ...(byMode(required) ? [{ name: asksMode ? 'training' : '_training', type: 'boolean' }] : []),
    ],
    returns: 'void',
    body: lines.join('\n'),
  };
}

interface Solved {
  readonly lines: readonly string[];
  /** The sizes that the inputs tell. */
  readonly known: ReadonlySet<string>;
  /** Inputs whose lengths a size was solved from: they need no check. */
  readonly exact: ReadonlySet<Input>;
}

/** Each size is solved from the first length or dimension that it alone is missing in. */
function solveSizes(named: readonly Given[], sizes: readonly SizeFields[]): Solved {
  const lines: string[] = [];
  const known = new Set<string>();
  const exact = new Set<Input>();
  const solve = ({ size, factor, rest }: Linear, by: string, from: string): void => {
    const variable = sizes.find((s) => s.size === size)?.variable;
    const [times, plus] = [factor, rest].map((part) => printSize(part, { sizes }));
    lines.push(`const ${variable} = ${by}(${from}, ${times}, ${plus});`);
  };
  const shaped = new Set<Given>();
  const waiting = new Set(named);
  while (waiting.size > 0) {
    const ready = [...waiting].find((i) => missing(i.count, known).length === 0);
    if (ready) {
      waiting.delete(ready);
      continue;
    }
    const byLength = [...waiting].find((i) => linearIn(i.count, known));
    const linear = byLength && linearIn(byLength.count, known);
    if (linear) {
      solve(linear, 'solveSize', `${byLength.text}, ${byLength.variable}.length`);
      known.add(linear.size);
      exact.add(byLength.input);
      waiting.delete(byLength);
      continue;
    }
    const next = [...waiting].find((i) => tellSizes(i.input.type.shape, new Set(known)).length > 0);
    if (!next) throw new Error(`no shape tells ${[...waiting].flatMap((i) => missing(i.count, known)).join(', ')}`);
    const dims = next.input.type.shape;
    if (!shaped.has(next)) lines.push(`const ${next.shape} = shapeOf(${next.text}, ${next.given}, ${dims.length});`);
    shaped.add(next);
    for (const { axis, linear: of } of tellSizes(dims, known))
      if (constantOf(of.factor) === 1 && constantOf(of.rest) === 0)
        solve(of, 'solveSize', `${next.text}, ${next.shape}[${axis}]`);
      else solve(of, 'solveAxis', `${next.text}, ${next.shape}, ${axis}, ${literal(shortened(of.size))}`);
  }
  return { lines, known, exact };
}

function checkShapes(named: readonly Given[], exact: ReadonlySet<Input>, sizes: readonly SizeFields[]): string[] {
  const size = (index: Index): string => printSize(index, { sizes });
  return named.flatMap(({ input, variable, text, given, count }) => {
    const shape = `[${input.type.shape.map((d) => size(d.size)).join(', ')}]`;
    const wrong = `throw wrongLength(${text}, ${variable}.length, ${shape})`;
    return [
      ...(exact.has(input) ? [] : [`if (${variable}.length !== ${size(count)}) ${wrong};`]),
      `if (${variable} !== ${given}) checkShape(${text}, ${given}, ${shape});`,
    ];
  });
}

/**
 * Lets memory grow where one of the sizes found is larger than ever. The others keep the room they have, or get that of `least` where no
 * call has told them yet: tensors lie apart for sizes from 1 up.
 */
function makeRoom(found: readonly SizeFields[], sizes: readonly SizeFields[], least?: readonly number[]): string[] {
  if (found.length === 0) return [];
  const enough = found.map((s) => `${s.variable} > m.${s.room}`).join(' || ');
  const rooms = sizes.map((s, i) => {
    if (!found.includes(s)) return least ? `Math.max(${least[i]}, m.${s.room})` : `m.${s.room}`;
    return sizes.length === 1 ? s.variable : `Math.max(${s.variable}, m.${s.room})`;
  });
  return [`if (${enough}) reserve(m, ${rooms.join(', ')});`];
}

/** Integers are checked while they are copied; numbers are put into memory after all checks. */
function placeInputs(
  named: readonly Given[],
  sizes: readonly SizeFields[],
  layout: Layout,
  engine: Pick<Engine, 'placeFloats' | 'placeIntegers'>,
): string[] {
  const [copies, places]: [string[], string[]] = [[], []];
  for (const { input, variable, text, integers } of named) {
    const field = layout.fields.get(input.buffer);
    if (field === undefined) continue;
    const { element } = input.type;
    const below = element.kind === 'index' ? printSize(element.size, { sizes }) : '2';
    if (integers) copies.push(`copyIntegers(${text}, ${variable}, m.${field}, ${below});`);
    if (!integers) places.push(engine.placeFloats(field, variable));
    else if (engine.placeIntegers) places.push(engine.placeIntegers(field, variable));
  }
  return [...copies, ...places];
}

/** What was given for an input: every object has members such as `constructor`, given or not. */
function givenAs(name: string): string {
  return name in Object.prototype ? `ownMember(inputs, ${literal(name)})` : `inputs${memberOf(name)}`;
}
