// U-Nets over images of any height and width, and numbers for them that need no file: what PyTorch made its records of.
export interface UNet {
  readonly levels: number;
  /** Of each convolution: `0` or `"same"`. */
  readonly padding: string;
  /** From one level down to the next, and up again; CHANNELS is how many there are above. */
  readonly down: string;
  readonly up: string;
  /** Is what comes from below padded and cropped to the size of what it is put beside, or that cropped? */
  readonly fit: 'below' | 'skip';
  /** The sizes; by default those of each call. */
  readonly sizes?: readonly [number, number];
}

/** The model, whose loss is the mean squared difference to as much of the target as there is of the prediction. */
export function unetText({ levels, padding, down, up, fit, sizes }: UNet): string {
  const [h, w] = sizes ?? ['H', 'W'];
  const channels = (level: number): number => 2 * 2 ** level;
  const lines = ['d0 = image |> double_conv(2)'];
  for (let i = 1; i <= levels; i++) lines.push(`d${i} = d${i - 1} |> ${down} |> double_conv(${channels(i)})`);
  let below = `d${levels}`;
  for (let i = levels - 1; i >= 0; i--) {
    lines.push(`u${i} = ${below} |> ${up.replace('CHANNELS', String(channels(i)))}`);
    const both =
      fit === 'skip' ? `crop(d${i}, u${i}), u${i}` : `d${i}, crop(pad(u${i}, [[0, 0], [0, 0], [0, 1], [0, 1]]), d${i})`;
    lines.push(`c${i} = concat([${both}], axis = 1) |> double_conv(${channels(i)})`);
    below = `c${i}`;
  }
  return `fn crop(x, like) = x[:, :, :shape(like)[2], :shape(like)[3]]
layer double_conv(channels)(x: [batch, c, h, w]) {
  first = x |> conv2d(channels, kernel = 3, padding = ${padding}) |> group_norm(2) |> relu
  return first |> conv2d(channels, kernel = 3, padding = ${padding}) |> group_norm(2) |> relu
}
model unet {
  input image: [batch, 1, ${h}, ${w}]
  input target: [batch, 1, ${h}, ${w}]
  ${lines.join('\n  ')}
  output y = ${below} |> conv2d(1, kernel = 1)
  loss = mean((y - crop(target, y))^2)
  train { optimizer = sgd(lr = 0.1) }
}
`;
}
