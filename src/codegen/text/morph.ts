// What modules need of ts-morph, which carries the TypeScript compiler: a file of its own, so that it is loaded when first used.
export { Project, StructureKind, ts } from 'ts-morph';
