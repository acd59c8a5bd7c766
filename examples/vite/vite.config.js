import nnc from 'nnc/vite';
import { defineConfig } from 'vite';

const plugins = () => [nnc()];

export default defineConfig({ plugins: plugins(), worker: { format: 'es', plugins } });
