// Signature help: the parameters of the call that is being written.
import type { SignatureHelp } from 'vscode-languageserver';
import { builtinOf } from '../analysis/library.js';
import { callAt } from './calls.js';
import { parameterText, signatureOf } from './describing.js';
import type { Page } from './pages.js';

export function signatureHelp(page: Page, offset: number): SignatureHelp | undefined {
  const call = callAt(page, offset);
  if (!call) return undefined;
  const { entity, step, position, name } = call;
  const doc = entity.doc?.();
  const documentation = doc === undefined ? {} : { documentation: { kind: 'markdown' as const, value: doc } };
  const callable = entity.callable?.();
  if (callable) {
    const list = step === 'configuration' && callable.configuration ? callable.configuration : callable.parameters;
    const byName = list.findIndex((parameter) => parameter.name.name === name);
    const parameters = list.map((parameter) => ({ label: parameterText(parameter) }));
    const label = signatureOf(entity.kind, callable);
    return {
      signatures: [{ label, parameters, ...documentation }],
      activeSignature: 0,
      activeParameter: byName >= 0 ? byName : position,
    };
  }
  const builtin = entity.kind === 'builtin' ? builtinOf(entity.name) : undefined;
  if (!builtin) return undefined;
  const signatures = builtin.forms.map((form) => {
    const inside = form.slice(1, -1);
    const parts = inside === '' ? [] : inside.split(',').map((part) => part.trim());
    return { label: `${entity.name}${form}`, parameters: parts.map((label) => ({ label })), ...documentation };
  });
  const byName = builtin.parameters.indexOf(name ?? '');
  return { signatures, activeSignature: 0, activeParameter: byName >= 0 ? byName : position };
}
