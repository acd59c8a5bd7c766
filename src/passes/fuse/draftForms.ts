// The nests of stored nodes by their form: of copies of a layer one is made by the rules of its operations, the others like it.
import { bufferKind } from '../../ir/bufferKey.js';
import { isOp, type Node } from '../../ir/graph.js';
import { beginForm, nestLike, type Form } from '../../ir/nest/forms.js';
import { putRows } from '../../ir/ops/indexing.js';
import { recurrence } from '../../ir/ops/recurrence.js';
import type { Nest } from '../../ir/program.js';
import type { Buffer } from '../../ir/scalar.js';
import { typeKey, type TensorType } from '../../ir/types.js';
import { noProvenance, type NestDraft, type Places } from './nests.js';

/** What was drafted so far, by what its nests depend on. */
export class DraftForms {
  /** Undefined where the nest can be nobody's form. */
  private readonly known = new Map<string, Form<Nest> | undefined>();

  /** The draft of a stored node, by `make` where no node was drafted yet that is computed in the same way. `signed`: what else `make` depends on. */
  of(node: Node, to: Buffer, places: Places, signed: boolean, make: () => NestDraft): NestDraft {
    const description = new Description(signed ? 'signed' : '');
    description.addBuffer(to);
    return description.addNode(node, places) ? this.like(description, node, make) : make();
  }

  /** The draft that copies a node's elements, all of them in their order. */
  copy(node: Node, to: Buffer, from: Buffer, make: () => NestDraft): NestDraft {
    const description = new Description('copy');
    description.addBuffer(to);
    description.addBuffer(from);
    description.addType(node.type);
    return this.like(description, node, make);
  }

  private like({ text, buffers }: Description, node: Node, make: () => NestDraft): NestDraft {
    const form = this.known.get(text);
    if (form) {
      const nest = nestLike(form, buffers, { name: buffers[0].name, provenance: noProvenance });
      return { kind: 'nest', nest, nodes: form.nest.stores.map(() => node), host: false };
    }
    const draft = make();
    if (!this.known.has(text)) this.known.set(text, beginForm(draft.nest, buffers));
    return draft;
  }
}

/** What a nest depends on, but for which its buffers are. */
class Description {
  /** In the order of the text, each once: the first is where the nest stores. */
  readonly buffers: Buffer[] = [];
  private readonly numbers = new Map<Node, number>();

  /** Equal where nests are the same but for their buffers. */
  constructor(public text: string) {}

  addBuffer(buffer: Buffer): void {
    const at = this.buffers.indexOf(buffer);
    this.text += ` @${at < 0 ? this.buffers.push(buffer) - 1 : at}`;
    if (at < 0) this.text += bufferKind(buffer);
  }

  addType(type: TensorType): void {
    this.text += `:${keyOf(type)}`;
  }

  /** How the node is computed of what lies in buffers; false where it is no function from coordinates to a scalar. */
  addNode(root: Node, { bufferOf, isSingle }: Places): boolean {
    if (isOp(root, putRows, recurrence)) return false;
    const visit = (node: Node, reader: Node): boolean => {
      if (isSingle?.(node, reader) === true) this.text += '~';
      const before = this.numbers.get(node);
      if (before !== undefined) {
        this.text += `$${before} `;
        return true;
      }
      this.numbers.set(node, this.numbers.size);
      const buffer = node === root ? undefined : bufferOf(node);
      if (buffer) this.addBuffer(buffer);
      else if (node.op.kind === 'element') this.text += `${node.op.name} ${node.attrsKey}`;
      else return false;
      this.addType(node.type);
      if (buffer) return true;
      this.text += '(';
      for (const input of node.inputs) if (!visit(input, node)) return false;
      this.text += ')';
      return true;
    };
    return visit(root, root);
  }
}

const keys = new WeakMap<TensorType, string>();

function keyOf(type: TensorType): string {
  let known = keys.get(type);
  if (known === undefined) keys.set(type, (known = typeKey(type)));
  return known;
}
