#!/usr/bin/env node
// The `nnc` command: hands over to the built command line.
import '../dist/cli/start.js';
