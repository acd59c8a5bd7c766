// Numbers whose bits are guessed from those before them: the better the guess, the less of a packed binary a bit takes. Who packs and who
// unpacks must guess the same on any machine. So there are only whole numbers here, and sums, products and quotients of others, which are.

/** Tells the next bit, whose chance to be 1 is so many 65,536ths. */
export type TellBit = (chance: number) => 0 | 1;

export interface Numbers {
  /** The next number of a kind, from 0 to 6, and of something of that kind. */
  next(kind: number, of: number): number;
  /** What those after it may follow from: an instruction, and what it takes. */
  note(instruction: number, operand: number): void;
}

/** A number follows from so many instructions before it, by themselves or with what they take. */
const plainContexts: readonly number[] = [0, 2, 5, 12, 24];
const wholeContexts: readonly number[] = [1, 4];
const longestContext = 24;
const contextCount = plainContexts.length + wholeContexts.length;

/** What is known of a bit in one context is trusted by how often the bit was seen there, up to five times. */
const trustLevels = 6;
/** It is trusted otherwise for each of the first bits that tell how long a number is, for the bits after it, and for each kind. */
const bitRoles = 5;
const numberKinds = 7;

/** Reads numbers bit by bit: how many bits there are as so many ones, a zero, and the bits behind the first. */
export function numbersFrom(tell: TellBit): Numbers {
  const contexts = new Int32Array(contextCount);
  const guess = guesserOf(contexts, tell);
  const plain = Array.from({ length: longestContext }, () => 0);
  const whole = [...plain];
  const enter = (seed: number, history: readonly number[], lengths: readonly number[], first: number): void => {
    let [hash, back] = [seed, 0];
    lengths.forEach((length, i) => {
      while (back < length) hash = mixedHash(hash, history[history.length - ++back]);
      contexts[first + i] = hash + first;
    });
  };
  return {
    next(kind, of) {
      const seed = mixedHash(512 * kind + of, 1);
      enter(seed, plain, plainContexts, 0);
      enter(seed, whole, wholeContexts, plainContexts.length);
      let length = 0;
      while (guess(length, bitRoles * kind + Math.min(length, 3)) === 1) length++;
      let value = Math.min(length, 1);
      for (let i = 1; i < length; i++) value = 2 * value + guess((length << 12) | (value & 4095), bitRoles * kind + 4);
      return value;
    },
    note(instruction, operand) {
      plain.push(instruction);
      whole.push(mixedHash(instruction, operand));
    },
  };
}

/** Takes what is known in each context, weighs it, and learns from the bit. `node`: which bit of a number it is; `role`: whose weights. */
function guesserOf(contexts: Int32Array, tell: TellBit): (node: number, role: number) => 0 | 1 {
  const [evidenceOf, chanceOf] = guessScales();
  // In groups of eight: a chance in 16 bits, in 8 how often it was learnt, and in 8 a mark of the context.
  const places = new Int32Array(1 << 20);
  const weights = new Float64Array(numberKinds * bitRoles * contextCount * trustLevels).fill(0.3);
  const [taken, weighed] = [new Int32Array(contextCount), new Int32Array(contextCount)];
  const evidence = new Float64Array(contextCount);
  const pace = Float64Array.from({ length: 11 }, (_, seen) => 1 / (seen + 1.1));
  return (node, role) => {
    let sum = 0;
    for (let i = 0; i < contextCount; i++) {
      const hash = Math.imul(mixedHash(contexts[i], node >> 3), 0x85ebca6b);
      const place = ((hash >>> 15) << 3) | (node & 7);
      let known = places[place];
      // What another context has left is forgotten.
      if ((known & 255) !== (hash & 255)) known = hash & 255;
      const seen = (known >> 8) & 255;
      const weight = (role * contextCount + i) * trustLevels + (seen < trustLevels ? seen : trustLevels - 1);
      const found = seen === 0 ? 0 : evidenceOf[(known >> 20) + 2048];
      sum += weights[weight] * found;
      places[place] = known;
      taken[i] = place;
      weighed[i] = weight;
      evidence[i] = found;
    }
    const chance = chanceOf[Math.max(0, Math.min(Math.floor(128 * sum) + 1536, 3072))];
    const bit = tell(Math.max(16, Math.min(Math.floor(65536 * chance), 65520)));
    const [error, goal] = [0.015 * (bit - chance), 65535 * bit - 32768];
    for (let i = 0; i < contextCount; i++) {
      weights[weighed[i]] += error * evidence[i];
      const known = places[taken[i]];
      const seen = (known >> 8) & 255;
      const learnt = (known >> 16) + (goal - (known >> 16)) * pace[seen];
      places[taken[i]] = (learnt << 16) | ((seen < 10 ? seen + 1 : 10) << 8) | (known & 255);
    }
    return bit;
  };
}

/** ln(p / (1 - p)) of 4,096 chances p, by the fractions that it is the sum of; then p of it, in 128ths from -12 to 12. */
function guessScales(): readonly Float64Array[] {
  const [evidenceOf, chanceOf] = [new Float64Array(4096), new Float64Array(3073)];
  for (let [i, sum] = [2048, 0]; i < 4096; i++) {
    sum += 1 / i + 1 / (4096 - i);
    evidenceOf[i] = sum;
    evidenceOf[4095 - i] = -sum;
  }
  for (let [i, odds] = [0, 1]; i <= 1536; i++) {
    chanceOf[1536 + i] = 1 / (1 + odds);
    chanceOf[1536 - i] = odds / (1 + odds);
    odds *= 0.99221793826;
  }
  return [evidenceOf, chanceOf];
}

function mixedHash(hash: number, value: number): number {
  const product = Math.imul(hash ^ value, 0x2c1b3c6d);
  return product ^ (product >>> 15);
}
