// What modules need of Prettier: a file of its own, so that it is loaded when first used.
export { format } from 'prettier/standalone';
export * as babel from 'prettier/plugins/babel';
export * as estree from 'prettier/plugins/estree';
