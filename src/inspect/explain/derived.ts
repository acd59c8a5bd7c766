// A line of `nnc grad`, in mathematics or as a model: what it defines, what that is made of, and by which rule it came about.
import { allNames } from '../../diagnostics/name.js';
import { mathematical, titleIn } from '../../ir/formula/mathematics.js';
import { printFormula } from '../../ir/formula/text.js';
import { partsOf, seen, type Formula, type Title } from '../../ir/formula/tree.js';
import { isOp, type Node } from '../../ir/graph.js';
import { leafName } from '../../ir/labels.js';
import type { ModelGraph } from '../../ir/model.js';
import { input, parameter } from '../../ir/ops/leaves.js';
import { reachable } from '../../ir/reachable.js';
import { printSource, sourceOf } from '../../ir/source.js';
import { printType } from '../../ir/types.js';
import { isCotangent, relationOf, type Step } from '../derivation/data.js';
import { derivationOf } from '../derivation/derivation.js';
import { sourcesNamed } from '../derivation/select.js';
import { modelOf } from '../print/nn.js';
import type { End } from '../print/copies.js';
import type { Said } from '../print/nnStatements.js';
import { listOf, toldOf, type Paragraph } from '../print/paragraphs.js';
import { stepsOf } from '../print/sections.js';
import type { ValueExplanation } from './value.js';

/** A line as it is told. */
interface Line {
  readonly left: Formula;
  readonly formula: Formula;
  readonly step: Step;
  /** `for t = 0, …, 63`: what it stands in, outermost first. */
  readonly within: readonly string[];
  /** A loop's value before the first round. */
  readonly starts?: true;
}

/** `explain`: what it says of another value of the model. */
type Explain = (model: ModelGraph, name: string) => ValueExplanation | undefined;

/** Explains what a line of `nnc grad` defines, however it is spelled; undefined where none defines it. */
export function explainDerived(model: ModelGraph, name: string, explain: Explain): ValueExplanation | undefined {
  if (!sourcesNamed(model)[0]?.isLoss) return undefined;
  // By the parameters, as `nnc grad` has it by itself; by all that has a name, as it may be asked to.
  for (const asked of [undefined, '*']) {
    const told = tellingOf(model, asked);
    const found =
      explainLine(told, name) ?? explainEnd(model, told, name, explain) ?? explainWord(model, told, name, explain);
    if (found) return found;
  }
  return undefined;
}

/** A derivation in lines and in words of a model. */
interface Telling {
  readonly lines: readonly Line[];
  readonly ends: readonly End[];
  readonly said: ReadonlyMap<string, Said>;
}

const tellings = new WeakMap<ModelGraph, Map<string | undefined, Telling>>();

/** One for a model: another one would find its nodes named. */
function tellingOf(model: ModelGraph, wrt: string | undefined): Telling {
  const known = tellings.get(model) ?? new Map<string | undefined, Telling>();
  tellings.set(model, known);
  const has = known.get(wrt);
  if (has) return has;
  const derivation = derivationOf(model, wrt === undefined ? {} : { wrt: [wrt] });
  const paragraphs = toldOf(derivation, false).sections.flatMap((section) => section.paragraphs);
  const telling: Telling = {
    // Lines as they are told, then each copy's own.
    lines: [...paragraphs.flatMap(linesTold), ...linesIn(stepsOf(derivation), [])],
    ends: paragraphs.flatMap((each) => (each.kind === 'copies' ? [...each.begins, ...each.gives] : [])),
    said: modelOf(model, derivation).said,
  };
  known.set(wrt, telling);
  return telling;
}

function explainLine({ lines }: Telling, name: string): ValueExplanation | undefined {
  const line = lineNamed(lines, name);
  if (!line) return undefined;
  const { left, formula, step, within, starts } = line;
  const called = baseOf(left);
  const reads = [...namesIn(formula)].filter((other) => other !== called);
  const gradient = lines.find(({ step: other }) => isCotangent(other) && other.value === step.name);
  const isOfCotangent = isCotangent(step) || step.node?.role.kind === 'cotangent';
  const kind = isOfCotangent ? 'cotangent' : step.node?.role.kind === 'update' ? 'update' : 'value';
  return {
    name,
    kind,
    type: printType(step.type),
    source: step.lines.map(printSource).join('  '),
    formula: printFormula(formula, 'math'),
    equation: equationOf(line),
    ...(within.length > 0 && { within }),
    reads,
    ...behind(step.rows ?? step.node),
    readers: [
      ...new Set(lines.filter((other) => other.step !== step && namesIn(other.formula).has(called)).map(leftOf)),
    ],
    ...(gradient && { gradient: equationOf(gradient) }),
    ...(isCotangent(step) &&
      !starts && {
        rules: step.uses.map(({ rule, upstream, local }) => ({
          rule,
          upstream: printFormula(upstream, 'math'),
          ...(local && { local: printFormula(local, 'math') }),
        })),
      }),
  };
}

const leftOf = ({ left }: Line): string => printFormula(left, 'math');

function equationOf({ left, formula, step, starts }: Line): string {
  return `${printFormula(left, 'math')} ${starts ? '=' : relationOf(step)} ${printFormula(formula, 'math')}`;
}

function linesTold(paragraph: Paragraph): Line[] {
  switch (paragraph.kind) {
    case 'steps':
      return paragraph.lines.flatMap(({ step }) => linesIn([step], []));
    case 'each':
      return linesIn(paragraph.steps, [`for each parameter ${paragraph.letter} of ${listOf(paragraph.parameters)}`]);
    case 'copies': {
      const { range, what, lines } = paragraph;
      return lines.flatMap(({ step, only = range }) => linesIn([step], [`for ${only} of ${what}`]));
    }
    default:
      return paragraph satisfies never;
  }
}

function linesIn(steps: readonly Step[], within: readonly string[]): Line[] {
  return steps.flatMap((step): Line[] => {
    const { left, formula, loop } = step;
    if (!loop) return [{ left, formula, step, within }];
    const body = linesIn(loop.body, [...within, printFormula(formula, 'math')]);
    const starts = loop.starts.flatMap((start): Line[] => {
      const of = body.find(({ left: other }) => baseOf(other) === baseOf(start.left));
      return of ? [{ left: start.left, formula: start.formula, step: of.step, within, starts: true }] : [];
    });
    return [...starts, ...body];
  });
}

/** The line whose left side is spelled so, else the one whose value is, whatever its position. */
function lineNamed(lines: readonly Line[], name: string): Line | undefined {
  const wanted = withoutSpaces(name);
  const isSo = (text: string): boolean => withoutSpaces(text) === wanted;
  return (
    lines.find(({ left }) => isSo(printFormula(left, 'math')) || isSo(printFormula(left, 'nn'))) ??
    lines.find(({ left, step, starts }) => {
      const title = titleWithin(left) ?? step.title;
      return !starts && (isSo(titleIn(title, 'math')) || isSo(titleIn(title, 'nn')) || isSo(step.name));
    })
  );
}

function withoutSpaces(text: string): string {
  return text.replace(/\s+/g, '');
}

function titleWithin(left: Formula): Title | undefined {
  const of = seen(left);
  return of.kind === 'name' ? of.title : of.kind === 'index' ? titleWithin(of.of) : undefined;
}

/** What stands left of an equals sign without its positions: `h` of h[t]. */
function baseOf(left: Formula): string {
  const title = titleWithin(left);
  return title ? titleIn(title, 'math') : printFormula(left, 'math');
}

/** The names that a formula shows. */
function namesIn(formula: Formula): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (of: Formula): void => {
    const shown = mathematical(of);
    if (shown.kind === 'name') found.add(titleIn(shown.title, 'math'));
    else partsOf(shown).forEach(visit);
  };
  visit(formula);
  return found;
}

/** What copies of a layer call the value before the first of them, or what the last one gives. */
function explainEnd(model: ModelGraph, told: Telling, name: string, explain: Explain): ValueExplanation | undefined {
  const end = told.ends.find(({ inside, outside }) =>
    [inside, outside].some((text) => withoutSpaces(text) === withoutSpaces(name)),
  );
  if (!end) return undefined;
  const [called, as] =
    withoutSpaces(end.inside) === withoutSpaces(name) ? [end.inside, end.outside] : [end.outside, end.inside];
  const of = explainLine(told, as) ?? explain(model, as);
  return of && { ...of, name, equation: `${called} = ${as}` };
}

/** A word of the gradient as a model. */
function explainWord(
  model: ModelGraph,
  { said }: Telling,
  name: string,
  explain: Explain,
): ValueExplanation | undefined {
  const word = said.get(name);
  if (!word) return undefined;
  const { node, formula } = word;
  const leaf = formula === '' ? leafName(node) : undefined;
  const given = leaf === undefined || leaf === name ? undefined : explain(model, leaf);
  if (given) return { ...given, name, equation: `${name} = ${given.name}` };
  const source = sourceOf(node);
  const wordsIn = (text: string): string[] => allNames(text).filter((each) => said.has(each));
  return {
    name,
    kind: node.role.kind === 'cotangent' ? 'cotangent' : 'value',
    type: printType(node.type),
    source: source ? printSource(source) : '',
    ...(formula !== '' && { formula, equation: `${name} = ${formula}` }),
    reads: [...new Set(wordsIn(formula))].filter((each) => each !== name),
    ...behind(node),
    readers: [...said].flatMap(([reader, of]) =>
      reader !== name && wordsIn(of.formula).includes(name) ? [reader] : [],
    ),
  };
}

/** The inputs and parameters that a value depends on. */
function behind(node: Node | undefined): Pick<ValueExplanation, 'inputs' | 'parameters'> {
  const nodes = node ? reachable([node]) : [];
  const among = (kind: typeof input | typeof parameter): string[] =>
    nodes.flatMap((of) => (of !== node && isOp(of, kind) ? [of.attrs.name] : []));
  return { inputs: among(input), parameters: among(parameter) };
}
