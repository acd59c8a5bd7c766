// How WebAssembly spells each scalar instruction, on one value and on four lanes; what it cannot spell is expanded before.
import type { ScalarOp, ScalarType } from '../../ir/scalar.js';
import type { Plain } from './opcodes.js';

/** Instructions that follow one another, or a note why there are none. */
export type Spelling = readonly Plain[] | 'expanded' | 'structured';

type ByType = Partial<Record<ScalarType, Spelling>>;

interface Row {
  /** By the type of the last argument. */
  readonly scalar: ByType;
  readonly lanes: ByType;
}

const expanded: Row = { scalar: { f32: 'expanded' }, lanes: { f32: 'expanded' } };
/** Written by the emitter itself: constants or laziness are involved. */
const structured: Row = {
  scalar: { f32: 'structured', i32: 'structured', u32: 'structured', bool: 'structured' },
  lanes: { f32: 'structured', i32: 'structured', u32: 'structured', bool: 'structured' },
};

const table: Record<ScalarOp, Row> = {
  neg: { scalar: { f32: ['f32.neg'], i32: 'structured' }, lanes: { f32: ['f32x4.neg'], i32: ['i32x4.neg'] } },
  abs: { scalar: { f32: ['f32.abs'], i32: 'structured' }, lanes: { f32: ['f32x4.abs'], i32: ['i32x4.abs'] } },
  floor: { scalar: { f32: ['f32.floor'] }, lanes: { f32: ['f32x4.floor'] } },
  ceil: { scalar: { f32: ['f32.ceil'] }, lanes: { f32: ['f32x4.ceil'] } },
  round: { scalar: { f32: ['f32.nearest'] }, lanes: { f32: ['f32x4.nearest'] } },
  sqrt: { scalar: { f32: ['f32.sqrt'] }, lanes: { f32: ['f32x4.sqrt'] } },
  exp: expanded,
  log: expanded,
  log1p: expanded,
  expm1: expanded,
  sin: expanded,
  cos: expanded,
  tanh: expanded,
  erf: expanded,
  pow: expanded,
  not: { scalar: { bool: ['i32.eqz'] }, lanes: { bool: ['v128.not'] } },
  any: structured,
  f32: {
    scalar: { f32: [], i32: ['f32.convert_i32_s'], u32: ['f32.convert_i32_u'], bool: ['f32.convert_i32_s'] },
    lanes: {
      f32: [],
      i32: ['f32x4.convert_i32x4_s'],
      u32: ['f32x4.convert_i32x4_u'],
      bool: ['i32x4.neg', 'f32x4.convert_i32x4_s'],
    },
  },
  i32: {
    scalar: { f32: ['i32.trunc_sat_f32_s'], i32: [], u32: [], bool: [] },
    lanes: { f32: ['i32x4.trunc_sat_f32x4_s'], i32: [], u32: [], bool: ['i32x4.neg'] },
  },
  u32: {
    scalar: { f32: ['i32.trunc_sat_f32_u'], i32: [], u32: [], bool: [] },
    lanes: { f32: ['i32x4.trunc_sat_f32x4_u'], i32: [], u32: [], bool: ['i32x4.neg'] },
  },
  floatBits: { scalar: { f32: ['i32.reinterpret_f32'] }, lanes: { f32: [] } },
  bitsFloat: { scalar: { u32: ['f32.reinterpret_i32'] }, lanes: { u32: [] } },
  single: { scalar: { f32: [] }, lanes: { f32: [] } },
  add: integersToo(['f32.add'], ['i32.add'], ['f32x4.add'], ['i32x4.add']),
  sub: integersToo(['f32.sub'], ['i32.sub'], ['f32x4.sub'], ['i32x4.sub']),
  mul: integersToo(['f32.mul'], ['i32.mul'], ['f32x4.mul'], ['i32x4.mul']),
  div: { scalar: { f32: ['f32.div'] }, lanes: { f32: ['f32x4.div'] } },
  min: {
    scalar: { f32: ['f32.min'], i32: 'structured', u32: 'structured' },
    lanes: { f32: ['f32x4.min'], i32: ['i32x4.min_s'], u32: ['i32x4.min_u'] },
  },
  max: {
    scalar: { f32: ['f32.max'], i32: 'structured', u32: 'structured' },
    lanes: { f32: ['f32x4.max'], i32: ['i32x4.max_s'], u32: ['i32x4.max_u'] },
  },
  lt: {
    scalar: { f32: ['f32.lt'], i32: ['i32.lt_s'], u32: ['i32.lt_u'] },
    lanes: { f32: ['f32x4.lt'], i32: ['i32x4.lt_s'], u32: ['i32x4.lt_u'] },
  },
  le: {
    scalar: { f32: ['f32.le'], i32: ['i32.le_s'], u32: ['i32.le_u'] },
    lanes: { f32: ['f32x4.le'], i32: ['i32x4.le_s'], u32: ['i32x4.le_u'] },
  },
  eq: {
    scalar: { f32: ['f32.eq'], i32: ['i32.eq'], u32: ['i32.eq'], bool: ['i32.eq'] },
    lanes: { f32: ['f32x4.eq'], i32: ['i32x4.eq'], u32: ['i32x4.eq'], bool: ['i32x4.eq'] },
  },
  and: { scalar: { bool: 'structured' }, lanes: { bool: ['v128.and'] } },
  or: { scalar: { bool: 'structured' }, lanes: { bool: ['v128.or'] } },
  xor: { scalar: { u32: ['i32.xor'], i32: ['i32.xor'] }, lanes: { u32: ['v128.xor'], i32: ['v128.xor'] } },
  shl: structured,
  shr: structured,
  select: structured,
  pack: structured,
};

function integersToo(f32: Spelling, i32: Spelling, f32x4: Spelling, i32x4: Spelling): Row {
  return { scalar: { f32, i32, u32: i32 }, lanes: { f32: f32x4, i32: i32x4, u32: i32x4 } };
}

/** The instructions for an op on arguments of this type. */
export function spell(op: ScalarOp, type: ScalarType, lanes: boolean): readonly Plain[] | 'structured' {
  const spelling = table[op][lanes ? 'lanes' : 'scalar'][type];
  if (spelling === undefined) throw new Error(`${op} of ${type}${lanes ? ' lanes' : ''} has no instruction`);
  if (spelling === 'expanded')
    throw new Error(`${op} must be expanded before it is emitted: expandIntrinsics has no row for it`);
  return spelling;
}
