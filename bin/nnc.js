#!/usr/bin/env node
// The `nnc` command: hands over to the built command line.
import module from 'node:module';

// Node 22 and later keep compiled code between runs.
module.enableCompileCache?.();
await import('../dist/cli/main.js');
