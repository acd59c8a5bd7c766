// Deep networks of one kind of layer.

/** The model, to be trained in little memory. */
export const small = (text: string): string => text.replace(/\btrain \{/, 'train {\n  memory = "small"\n');

interface Layers {
  readonly depth: number;
  readonly width: number;
  readonly batch: number;
  readonly body: string;
}

/** A chain of equal layers and a classifier. */
export function deep({ depth, width, batch, body }: Layers): string {
  const hidden = Array.from({ length: depth - 1 }, (_, i) => {
    const before = i === 0 ? 'x' : `h${i}`;
    return `  h${i + 1} = ${body.replaceAll('@', before).replaceAll('units', String(width))}\n`;
  });
  return `model deep {
  input x: [batch, ${width}]
  input label: index(5)[batch]
${hidden.join('')}  logits = h${depth - 1} |> dense(5)
  loss = cross_entropy(logits, label)
  metric right = accuracy(logits, label)
  train { optimizer = adam(lr = 1e-2), batch = ${batch}, clip_norm = 1 }
}
`;
}

/** Layers, `@` being what comes before. */
export const bodies = {
  tanh: '@ |> dense(units) |> tanh',
  relu: '@ |> dense(units) |> relu',
  gelu: '@ |> dense(units) |> gelu',
  dropout: '@ |> dense(units) |> gelu |> dropout(0.3)',
  residual: '@ + (@ |> layer_norm |> dense(units) |> gelu)',
  batch_norm: '@ |> dense(units) |> batch_norm |> silu',
};

/** Numbers of examples that models of such layers are trained on: batch norm takes more than one. */
export const rowsFor = (body: string): readonly number[] => [40, 7, body.includes('batch_norm') ? 2 : 1, 33];
