// What a name is, in words: the head of a definition, a value with its type, and what its author says of it.
import type { Analysis } from '../analysis/analyze.js';
import type { Callable, Entity } from '../analysis/entities.js';
import { builtinOf } from '../analysis/library.js';
import { describeValue } from '../analysis/text.js';
import { print } from '../parser/print.js';
import type { Parameter } from '../parser/tree.js';

/** One line, or one for each form of call. */
export function headOf(entity: Entity, analysis: Analysis | undefined): string {
  const callable = entity.callable?.();
  if (callable) return signatureOf(entity.kind, callable);
  if (entity.kind === 'builtin') {
    const forms = builtinOf(entity.name)?.forms ?? [];
    return forms.length === 0 ? entity.name : forms.map((form) => `fn ${entity.name}${form}`).join('\n');
  }
  const value = entity.span && analysis?.values.at(entity.span);
  const said = describeValue(value);
  const word = entity.name === entity.kind ? '' : words[entity.kind];
  if (entity.kind === 'dimension')
    return `dimension ${value?.kind === 'size' || said === undefined ? `${entity.name}, of any size` : `${entity.name} = ${said.replace(/^.* = /, '')}`}`;
  if (said === undefined) return `${word}${entity.name}`;
  return said.startsWith(`${entity.name} = `) ? `${word}${said}` : `${word}${entity.name}: ${said}`;
}

const words: Readonly<Record<Entity['kind'], string>> = {
  model: 'model ',
  fn: 'fn ',
  layer: 'layer ',
  optimizer: 'optimizer ',
  constant: '',
  parameter: '',
  dimension: 'dimension ',
  input: 'input ',
  param: 'param ',
  state: 'state ',
  slot: 'slot ',
  value: '',
  output: 'output ',
  loss: 'loss ',
  metric: 'metric ',
  slice: '',
  carried: '',
  player: 'train ',
  setting: '',
  builtin: '',
};

export function signatureOf(kind: string, { name, configuration, parameters }: Callable): string {
  const lists = [...(configuration ? [configuration] : []), parameters];
  const isEmpty = (kind === 'model' || kind === 'optimizer') && parameters.length === 0;
  return `${kind} ${name}${isEmpty ? '' : lists.map((list) => `(${list.map(parameterText).join(', ')})`).join('')}`;
}

export function parameterText({ name, type, default: value }: Parameter): string {
  const shape = type?.shape?.map((dim) => (dim.kind === 'ellipsis' ? '...' : print(dim.value))).join(', ');
  const element = type?.element?.kind === 'index' ? `index(${print(type.element.size)})` : (type?.element?.kind ?? '');
  const typed = type ? `: ${element}${shape === undefined ? '' : `[${shape}]`}` : '';
  return `${name.name}${typed}${value ? ` = ${print(value)}` : ''}`;
}

/** The parameters of a callable, as its forms say them. */
export function parameterNames(entity: Entity, step: 'configuration' | 'data'): readonly string[] {
  const callable = entity.callable?.();
  if (callable) {
    const list = step === 'configuration' && callable.configuration ? callable.configuration : callable.parameters;
    return list.map(({ name }) => name.name);
  }
  return entity.kind === 'builtin'
    ? (builtinOf(entity.name)?.parameters ?? []).filter((name) => !name.endsWith('…'))
    : [];
}
