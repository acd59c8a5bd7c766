// The WebAssembly instructions that the emitter uses, by their names in the text format, with their bytes.

const simd = 0xfd;
const saturating = 0xfc;

/** Instructions without immediates. */
export const plain = {
  unreachable: [0x00],
  else: [0x05],
  end: [0x0b],
  return: [0x0f],
  drop: [0x1a],
  select: [0x1b],

  'i32.eqz': [0x45],
  'i32.eq': [0x46],
  'i32.ne': [0x47],
  'i32.lt_s': [0x48],
  'i32.lt_u': [0x49],
  'i32.gt_s': [0x4a],
  'i32.gt_u': [0x4b],
  'i32.le_s': [0x4c],
  'i32.le_u': [0x4d],
  'i32.ge_s': [0x4e],
  'i32.ge_u': [0x4f],
  'f32.eq': [0x5b],
  'f32.ne': [0x5c],
  'f32.lt': [0x5d],
  'f32.gt': [0x5e],
  'f32.le': [0x5f],
  'f32.ge': [0x60],
  'i32.add': [0x6a],
  'i32.sub': [0x6b],
  'i32.mul': [0x6c],
  'i32.div_s': [0x6d],
  'i32.div_u': [0x6e],
  'i32.and': [0x71],
  'i32.or': [0x72],
  'i32.xor': [0x73],
  'i32.shl': [0x74],
  'i32.shr_s': [0x75],
  'i32.shr_u': [0x76],
  'f32.abs': [0x8b],
  'f32.neg': [0x8c],
  'f32.ceil': [0x8d],
  'f32.floor': [0x8e],
  'f32.nearest': [0x90],
  'f32.sqrt': [0x91],
  'f32.add': [0x92],
  'f32.sub': [0x93],
  'f32.mul': [0x94],
  'f32.div': [0x95],
  'f32.min': [0x96],
  'f32.max': [0x97],
  'f32.convert_i32_s': [0xb2],
  'f32.convert_i32_u': [0xb3],
  'i32.reinterpret_f32': [0xbc],
  'f32.reinterpret_i32': [0xbe],
  'i32.trunc_sat_f32_s': [saturating, 0x00],
  'i32.trunc_sat_f32_u': [saturating, 0x01],

  'i32x4.splat': [simd, 0x11],
  'f32x4.splat': [simd, 0x13],
  'i32x4.eq': [simd, 0x37],
  'i32x4.ne': [simd, 0x38],
  'i32x4.lt_s': [simd, 0x39],
  'i32x4.lt_u': [simd, 0x3a],
  'i32x4.gt_s': [simd, 0x3b],
  'i32x4.le_s': [simd, 0x3d],
  'i32x4.le_u': [simd, 0x3e],
  'f32x4.eq': [simd, 0x41],
  'f32x4.lt': [simd, 0x43],
  'f32x4.le': [simd, 0x45],
  'v128.not': [simd, 0x4d],
  'v128.and': [simd, 0x4e],
  'v128.andnot': [simd, 0x4f],
  'v128.or': [simd, 0x50],
  'v128.xor': [simd, 0x51],
  'v128.bitselect': [simd, 0x52],
  'v128.any_true': [simd, 0x53],
  'f32x4.ceil': [simd, 0x67],
  'f32x4.floor': [simd, 0x68],
  'f32x4.nearest': [simd, 0x6a],
  'i16x8.narrow_i32x4_u': [simd, 0x86, 0x01],
  'i32x4.abs': [simd, 0xa0, 0x01],
  'i32x4.neg': [simd, 0xa1, 0x01],
  'i32x4.shl': [simd, 0xab, 0x01],
  'i32x4.shr_s': [simd, 0xac, 0x01],
  'i32x4.shr_u': [simd, 0xad, 0x01],
  'i32x4.add': [simd, 0xae, 0x01],
  'i32x4.sub': [simd, 0xb1, 0x01],
  'i32x4.mul': [simd, 0xb5, 0x01],
  'i32x4.min_s': [simd, 0xb6, 0x01],
  'i32x4.min_u': [simd, 0xb7, 0x01],
  'i32x4.max_s': [simd, 0xb8, 0x01],
  'i32x4.max_u': [simd, 0xb9, 0x01],
  'f32x4.abs': [simd, 0xe0, 0x01],
  'f32x4.neg': [simd, 0xe1, 0x01],
  'f32x4.sqrt': [simd, 0xe3, 0x01],
  'f32x4.add': [simd, 0xe4, 0x01],
  'f32x4.sub': [simd, 0xe5, 0x01],
  'f32x4.mul': [simd, 0xe6, 0x01],
  'f32x4.div': [simd, 0xe7, 0x01],
  'f32x4.min': [simd, 0xe8, 0x01],
  'f32x4.max': [simd, 0xe9, 0x01],
  'f32x4.pmin': [simd, 0xea, 0x01],
  'f32x4.pmax': [simd, 0xeb, 0x01],
  'i32x4.trunc_sat_f32x4_s': [simd, 0xf8, 0x01],
  'i32x4.trunc_sat_f32x4_u': [simd, 0xf9, 0x01],
  'f32x4.convert_i32x4_s': [simd, 0xfa, 0x01],
  'f32x4.convert_i32x4_u': [simd, 0xfb, 0x01],
  // Relaxed SIMD: a * b + c and c - a * b, fused where the machine has it.
  'f32x4.relaxed_madd': [simd, 0x85, 0x02],
  'f32x4.relaxed_nmadd': [simd, 0x86, 0x02],
} as const satisfies Record<string, readonly number[]>;

/** Instructions with an address: their bytes, and the binary logarithm of their natural alignment. */
export const memory = {
  'i32.load': { bytes: [0x28], align: 2 },
  'f32.load': { bytes: [0x2a], align: 2 },
  'i32.store': { bytes: [0x36], align: 2 },
  'f32.store': { bytes: [0x38], align: 2 },
  'v128.load': { bytes: [simd, 0x00], align: 4 },
  'v128.load32_splat': { bytes: [simd, 0x09], align: 2 },
  'v128.store': { bytes: [simd, 0x0b], align: 4 },
  // Halves: four of them as the low parts of words, with their signs.
  'i32.load16_s': { bytes: [0x2e], align: 1 },
  'i32.store16': { bytes: [0x3b], align: 1 },
  'v128.load16x4_s': { bytes: [simd, 0x03], align: 3 },
  // Threads.
  'memory.atomic.notify': { bytes: [0xfe, 0x00], align: 2 },
  'i32.atomic.load': { bytes: [0xfe, 0x10], align: 2 },
  'i32.atomic.rmw.add': { bytes: [0xfe, 0x1e], align: 2 },
  'i32.atomic.rmw.cmpxchg': { bytes: [0xfe, 0x48], align: 2 },
} as const satisfies Record<string, { readonly bytes: readonly number[]; readonly align: number }>;

/** Instructions with an address and a lane behind it. */
export const laneMemory = {
  'v128.store64_lane': { bytes: [simd, 0x5b], align: 3 },
} as const satisfies Record<string, { readonly bytes: readonly number[]; readonly align: number }>;

/** Instructions that take one of the four lanes. */
export const lanes = {
  'i32x4.extract_lane': [simd, 0x1b],
  'i32x4.replace_lane': [simd, 0x1c],
  'f32x4.extract_lane': [simd, 0x1f],
  'f32x4.replace_lane': [simd, 0x20],
} as const satisfies Record<string, readonly number[]>;

export type Plain = keyof typeof plain;
export type MemoryInstruction = keyof typeof memory;
export type LaneMemoryInstruction = keyof typeof laneMemory;
export type LaneInstruction = keyof typeof lanes;
