// What PyTorch, Keras, NumPy and other languages write, and what is written here instead: the hints for those who come from there.
import { nameLetters } from './name.js';

/** How a name is compared: `LayerNorm`, `layer_norm` and `layernorm` are one. */
export function plain(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}

/** Functions, layers and constants by their plain names; `x` stands for the first operand. */
export const foreignNames: ReadonlyMap<string, string> = new Map(
  Object.entries({
    // layers
    linear: 'dense(units)',
    fullyconnected: 'dense(units)',
    fc: 'dense(units)',
    sequential: 'dense(128) >> relu >> dense(10)',
    modulelist: 'repeat(n, block)',
    conv2dtranspose: 'conv_transpose2d(channels, kernel)',
    convtranspose2d: 'conv_transpose2d(channels, kernel)',
    batchnorm1d: 'batch_norm',
    batchnorm2d: 'batch_norm',
    batchnormalization: 'batch_norm',
    layernormalization: 'layer_norm',
    groupnormalization: 'group_norm(groups)',
    instancenorm1d: 'instance_norm',
    instancenorm2d: 'instance_norm',
    maxpooling1d: 'max_pool1d(2)',
    maxpooling2d: 'max_pool2d(2)',
    averagepooling1d: 'avg_pool1d(2)',
    averagepooling2d: 'avg_pool2d(2)',
    globalaveragepooling1d: 'global_avg_pool1d',
    globalaveragepooling2d: 'global_avg_pool2d',
    adaptiveavgpool2d: 'global_avg_pool2d',
    dropout2d: 'dropout(rate)',
    multiheadattention: 'attention(heads)',
    scaleddotproductattention: 'attention(heads)',
    transformerencoderlayer: 'transformer_block(heads)',
    simplernn: 'rnn(units)',
    lstmcell: 'lstm(units)',
    grucell: 'gru(units)',
    upsampling2d: 'upsample2d(2)',
    interpolate: 'upsample2d(2)(x)',
    // losses
    crossentropyloss: 'cross_entropy(logits, label)',
    categoricalcrossentropy: 'cross_entropy(logits, label)',
    sparsecategoricalcrossentropy: 'cross_entropy(logits, label)',
    softmaxcrossentropy: 'cross_entropy(logits, label)',
    softmaxcrossentropywithlogits: 'cross_entropy(logits, label)',
    bceloss: 'binary_cross_entropy(logits, target)',
    bcewithlogitsloss: 'binary_cross_entropy(logits, target)',
    binarycrossentropywithlogits: 'binary_cross_entropy(logits, target)',
    mseloss: 'mse(prediction, target)',
    meansquarederror: 'mse(prediction, target)',
    l1loss: 'mae(prediction, target)',
    meanabsoluteerror: 'mae(prediction, target)',
    smoothl1loss: 'huber(prediction, target)',
    huberloss: 'huber(prediction, target)',
    nllloss: 'nll(log_p, label)',
    kldiv: 'kl_divergence(log_q, p)',
    kldivloss: 'kl_divergence(log_q, p)',
    cosinesimilarity: '1 - cosine_distance(a, b)',
    // elementwise
    swish: 'silu(x)',
    relu6: 'clamp(x, 0, 6)',
    square: 'x^2',
    power: 'x^n',
    reciprocal: '1 / x',
    neg: '-x',
    negative: '-x',
    add: 'a + b',
    sub: 'a - b',
    subtract: 'a - b',
    mul: 'a * b',
    multiply: 'a * b',
    div: 'a / b',
    divide: 'a / b',
    maximum: 'max(a, b)',
    minimum: 'min(a, b)',
    clip: 'clamp(x, low, high)',
    clipbyvalue: 'clamp(x, low, high)',
    log2: 'log(x) / log(2)',
    log10: 'log(x) / log(10)',
    tan: 'sin(x) / cos(x)',
    logicalnot: 'not x',
    eq: 'a == b',
    isnan: 'x != x',
    float: 'f32(x)',
    float32: 'f32(x)',
    double: 'f32(x)',
    half: 'f32(x)',
    astype: 'f32(x)',
    cast: 'f32(x)',
    // reductions
    amax: 'max(x, axis = 1)',
    amin: 'min(x, axis = 1)',
    reducemean: 'mean(x, axis = 1)',
    reducesum: 'sum(x, axis = 1)',
    reducemax: 'max(x, axis = 1)',
    reducemin: 'min(x, axis = 1)',
    norm: 'sqrt(sum(x^2))',
    topk: 'top_k(logits, label, k = 5), a metric',
    // shapes
    shape: 'shape(x)',
    size: 'shape(x)',
    len: 'shape(x)[0]',
    view: 'reshape(x, [n, -1])',
    swapaxes: 'permute(x, [1, 0])',
    moveaxis: 'permute(x, [1, 0])',
    cat: 'concat([a, b], axis)',
    concatenate: 'concat([a, b], axis)',
    chunk: 'split(x, n, axis)',
    squeeze: 'x[:, 0]',
    unsqueeze: 'x[:, none]',
    expanddims: 'x[:, none]',
    newaxis: 'none',
    expand: 'broadcast(x, shape)',
    tile: 'broadcast(x, shape)',
    broadcastto: 'broadcast(x, shape)',
    tril: 'if lower_triangle(n) then x else 0',
    triu: 'if lower_triangle(n) then 0 else x',
    // products
    matmul: 'a @ b',
    mm: 'a @ b',
    bmm: 'a @ b',
    dot: 'a @ b',
    // making tensors
    tensor: 'a literal, such as [[1, 2], [3, 4]]',
    array: 'a literal, such as [[1, 2], [3, 4]]',
    asarray: 'a literal, such as [[1, 2], [3, 4]]',
    parameter: 'param w: [n] = 0, as a statement',
    variable: 'param w: [n] = 0, as a statement',
    registerbuffer: 'state s: [n] = 0, as a statement',
    arange: 'range(n)',
    linspace: 'low + (high - low) / (n - 1) * f32(range(n))',
    zeroslike: 'zeros(shape(x))',
    oneslike: 'ones(shape(x))',
    rand: 'uniform_like(x)',
    randn: 'normal_like(x), or ~ normal() for a parameter',
    randnlike: 'normal_like(x)',
    randlike: 'uniform_like(x)',
    // gradients
    detach: 'stop_gradient(x)',
    nograd: 'stop_gradient(x)',
    print: 'metric NAME = e or output NAME = e, which the trainer reports',
    // constants
    true: 'true',
    false: 'false',
    none: 'none',
    null: 'none',
    nil: 'none',
    undefined: 'none',
    nan: 'isfinite(x) or x != x, which tell a NaN: there is no literal for it',
    infinity: 'inf',
    // functions as values
    lambda: 'fn f(x) = … at the top of the file, and its name f',
    map: 'f(x): functions work on all elements',
    int: 'index(N) as the type of an input: numbers are not rounded to integers',
  }),
);

/** Methods and fields of tensors, where the name alone would say nothing. */
const members: ReadonlyMap<string, string> = new Map(
  Object.entries({
    t: 'transpose(x)',
    mt: 'transpose(x)',
    to: 'x: the target is chosen when compiling',
    cuda: 'x: the target is chosen when compiling',
    cpu: 'x: the target is chosen when compiling',
    numpy: 'x: predict returns typed arrays',
    clone: 'x: values are never changed',
    copy: 'x: values are never changed',
    contiguous: 'x',
    item: 'metric NAME = x, which step reports',
    grad: 'grad(e, x), the derivative of e with respect to x',
  }),
);

/** What a name of another library is here, if it is known. */
function writtenHere(name: string): string | undefined {
  return foreignNames.get(plain(name));
}

/** The hint for a name that nothing here has: what it is in another library, or a name that is like it. */
export function nameHere(name: string, nearest?: string): string | undefined {
  const here = nearest !== undefined && plain(nearest) === plain(name) ? undefined : writtenHere(name);
  if (here !== undefined) return `write ${here}`;
  return nearest === undefined ? undefined : `did you mean ${nearest}?`;
}

/** Where functions of other libraries stand behind a dot. */
const libraries: ReadonlySet<string> = new Set([
  ...['torch', 'nn', 'F', 'functional', 'optim', 'np', 'numpy', 'jnp', 'jax', 'lax', 'tf', 'keras', 'layers', 'losses'],
  ...['activations', 'metrics', 'initializers', 'optimizers', 'math', 'Math', 'tfjs', 'mx', 'flax', 'eqx'],
]);

/** `head.first.second`, whose path is all but the head, called or not: what to write. */
export function withoutDots(head: string, path: readonly string[], call: 'none' | 'empty' | 'arguments'): string {
  const last = path[path.length - 1];
  if (head === 'self' || head === 'this') return `write ${last}: what a body defines has a name of its own`;
  if (libraries.has(head)) return `names stand by themselves: write ${writtenHere(last) ?? uncapitalised(last)}`;
  const known = path.length === 1 ? (members.get(plain(last)) ?? writtenHere(last)) : undefined;
  if (known !== undefined) return `write ${known.replace(loneX, head)}`;
  return `write ${last}(${head}${call === 'arguments' ? ', …' : ''})`;
}

const loneX = new RegExp(`(?<![${nameLetters}])x(?![${nameLetters}])`, 'gu');

/** Names of classes are in small letters here. */
function uncapitalised(name: string): string {
  return /^\p{Lu}/u.test(name) ? name.toLowerCase() : name;
}

/** What a statement of another language is here, by its first word. */
const statements: ReadonlyMap<string, string> = new Map(
  Object.entries({
    for: 'a loop over an axis is scan xt in x along T, h = 0 { h := … emit h }, and repeat(n, block) applies copies of a layer',
    while: 'a loop has an axis or a range to go over: scan i in range(10), h = x { h := … }',
    def: 'a function is written at the top of the file: fn f(x) = …',
    function: 'a function is written at the top of the file: fn f(x) = …',
    func: 'a function is written at the top of the file: fn f(x) = …',
    lambda: 'a function is written at the top of the file, fn f(x) = …, and its name stands for it',
    class:
      'what owns parameters is a layer: layer name(units)(x: [batch, n]) { param W: [n, units] ~ glorot_uniform() return x @ W }',
    import: 'files are imported by import { name } from "./file.nn", and the standard library needs no import',
    from: 'files are imported by import { name } from "./file.nn", and the standard library needs no import',
    let: 'a value is named without it: name = …',
    const: 'a value is named without it: name = …',
    var: 'a value is named without it: name = …',
    val: 'a value is named without it: name = …',
    with: 'stop_gradient(e) keeps gradients out, and training tells the two modes apart',
    assert: 'write require CONDITION, "text"',
    raise: 'write require CONDITION, "text"',
    throw: 'write require CONDITION, "text"',
    yield: 'in a scan, write emit',
    print: 'the trainer reports metric NAME = e and output NAME = e',
    pass: 'leave it out: a body ends in return, and a scan may emit nothing',
    break: 'a scan goes over all of its axis: carry on with if done then h else …',
    continue: 'a scan goes over all of its axis: h := if skipped then h else …',
    del: 'leave it out: memory is planned when compiling',
  }),
);

/** What the statement that begins with this word is here, if it is one of another language. */
export function statementHere(word: string): string | undefined {
  return statements.get(word);
}

/** Arguments of other libraries by their plain names: what they may be called here, the first that the callee takes. */
const argumentNames: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    dim: ['axis'],
    dims: ['axis'],
    axes: ['axis'],
    keepdim: ['keep'],
    keepdims: ['keep'],
    kernelsize: ['kernel'],
    poolsize: ['kernel'],
    ksize: ['kernel'],
    strides: ['stride'],
    dilationrate: ['dilation'],
    filters: ['channels'],
    outchannels: ['channels'],
    outfeatures: ['units'],
    hiddensize: ['units'],
    embeddingdim: ['units'],
    outputdim: ['units'],
    features: ['units', 'channels'],
    usebias: ['bias'],
    numheads: ['heads'],
    nheads: ['heads'],
    numgroups: ['groups'],
    p: ['rate'],
    prob: ['rate'],
    negativeslope: ['slope'],
    alpha: ['slope'],
    epsilon: ['eps'],
    min: ['low'],
    minvalue: ['low'],
    max: ['high'],
    maxvalue: ['high'],
    learningrate: ['lr'],
    betas: ['beta1'],
    decay: ['weight_decay'],
    iscausal: ['causal'],
    attnmask: ['mask'],
    ignoreindex: ['ignore'],
    scalefactor: ['factor'],
    size: ['shape', 'factor'],
  }),
);

const argumentAdvice: ReadonlyMap<string, string> = new Map(
  Object.entries({
    activation: 'apply it to the result: x |> dense(128) |> relu',
    infeatures: 'leave it out: sizes of inputs follow from the data',
    inchannels: 'leave it out: sizes of inputs follow from the data',
    inputsize: 'leave it out: sizes of inputs follow from the data',
    inputshape: 'leave it out: sizes of inputs follow from the data',
    inputdim: 'leave it out: sizes of inputs follow from the data',
    numembeddings: 'leave it out: how many there are follows from the type of the ids, index(N)',
    embeddim: 'leave it out: sizes of inputs follow from the data',
    normalizedshape: 'leave it out: the last axis is normalised',
    numfeatures: 'leave it out: sizes of inputs follow from the data',
    numlayers: 'write repeat(2, lstm(64))',
    batchfirst: 'leave it out: the batch is the first axis',
    returnsequences: 'leave it out: every position is given, and the last one is h[:, -1]',
    approximate: 'gelu is the form with tanh, gelu_erf the exact one',
    reduction: 'leave it out: losses are means, and sums or single terms are written as formulas',
    fromlogits: 'leave it out: the loss takes logits, without softmax or sigmoid before it',
    inplace: 'leave it out: values are never changed',
    dtype: 'leave it out: f32(x) makes numbers of a bool or an index tensor',
    device: 'leave it out: the target is chosen when compiling',
  }),
);

/** What an argument of another library is among those that a function takes. */
export function argumentHere(name: string, known: readonly string[]): string | undefined {
  const here = argumentNames.get(plain(name))?.find((candidate) => known.includes(candidate));
  return here === undefined ? argumentAdvice.get(plain(name)) : `did you mean ${here}?`;
}

const outputsOnly = (layer: string): string =>
  `only the size of the result is given, as in ${layer}(64): sizes of inputs follow from the data`;

/** How a function is used that other libraries have in another form. */
export const usages: ReadonlyMap<string, string> = new Map(
  Object.entries({
    dense: outputsOnly('dense'),
    linear: 'it is a schedule of learning rates, and the layer is dense(units)',
    softmax: 'the tensor comes first: softmax(x, axis = -1)',
    log_softmax: 'the tensor comes first: log_softmax(x, axis = -1)',
    embedding: 'how many there are follows from the type of the ids, index(N): only the width is given',
    lstm: outputsOnly('lstm'),
    gru: outputsOnly('gru'),
    rnn: outputsOnly('rnn'),
    reshape: 'a shape is a list: reshape(x, [2, -1])',
    permute: 'the order of axes is a list: permute(x, [1, 0])',
    broadcast: 'a shape is a list: broadcast(x, [2, 3])',
    zeros: 'a shape is a list: zeros([2, 3])',
    ones: 'a shape is a list: ones([2, 3])',
    transpose: 'it exchanges the last two axes; others: permute(x, [1, 0, 2])',
    range: 'range(n) counts from 0 to n - 1; from 2 in steps of 3: 2 + 3 * f32(range(n))',
    concat: 'tensors stand in a list: concat([a, b], axis)',
    stack: 'tensors stand in a list: stack([a, b], axis)',
  }),
);

/** How this function is used, where those who come from other libraries may call it in their way. */
export function usageOf(callee: string): string | undefined {
  return usages.get(callee);
}
