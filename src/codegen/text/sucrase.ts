// What modules need of sucrase, which takes types out of what is run: a file of its own, so that it is loaded when first used.
export { transform } from 'sucrase';
