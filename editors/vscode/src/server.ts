// The language server that the package holds, for folders without an nnc of their own: what `nnc lsp` is.
import { answerEditor } from '../../../src/cli/lsp.js';

void answerEditor();
