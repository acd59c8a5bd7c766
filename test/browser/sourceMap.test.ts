// The source map of a module in a page: Chromium finds it, and it turns the place of an exception into a line of the model.
import { SourceMap, type SourceMapPayload } from 'node:module';
import { expect, it } from 'vitest';
import { compile } from '../../src/compile.js';
import { openPage } from './page.js';

const text = `model net {
  input x: [batch, 3]
  input y: [batch, 1]
  z = x |> dense(4)
  a = tanh(z)
  p = a |> dense(1)
  loss = mse(p, y)
  train { optimizer = sgd(lr = 0.1) }
}
`;

it('names the line of the model where a step throws', async () => {
  const { code, map } = await compile({ file: 'net.nn', text }, { language: 'js', sourceMap: 'net.js' });
  if (code === undefined || map === undefined) throw new Error('the model has errors');
  const { page, close } = await openPage({ '/net.js': code, '/net.js.map': map });
  try {
    const client = await page.context().newCDPSession(page);
    const scripts = new Map<string, { url: string; sourceMapURL?: string }>();
    client.on('Debugger.scriptParsed', (script) => scripts.set(script.scriptId, script));
    await client.send('Debugger.enable');
    const { exceptionDetails } = await client.send('Runtime.evaluate', {
      expression: `import('/net.js').then(({ createTrainer }) => {
        const trainer = createTrainer();
        Math.tanh = () => { throw new Error('planted'); };
        return trainer.step({ x: new Float32Array(3), y: new Float32Array(1) });
      })`,
      awaitPromise: true,
    });
    const frame = exceptionDetails?.stackTrace?.callFrames.find(({ url }) => url.endsWith('/net.js'));
    if (!frame) throw new Error(`no frame of the module: ${JSON.stringify(exceptionDetails)}`);
    const { url, sourceMapURL } = scripts.get(frame.scriptId) ?? {};
    if (url === undefined || sourceMapURL === undefined) throw new Error('Chromium knows of no source map');
    const payload = (await page.evaluate(
      `fetch('${new URL(sourceMapURL, url).href}').then((r) => r.json())`,
    )) as SourceMapPayload;
    expect(new SourceMap(payload).findEntry(frame.lineNumber, frame.columnNumber)).toMatchObject({
      originalSource: 'net.nn',
      originalLine: 4,
    });
  } finally {
    await close();
  }
});
