// Packages the extension for VS Code: `npm run vscode [OUT]`. A .vsix is a zip of the extension, its manifest and the types of its files.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { zipSync } from 'fflate';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'editors/vscode');

/** The extension's code or its server's as one file, which takes in all but what the editor gives it. */
async function bundled(name) {
  const { outputFiles } = await build({
    entryPoints: [join(folder, `src/${name}.ts`)],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['vscode'],
    minify: true,
    logLevel: 'warning',
  });
  return outputFiles[0].text;
}

const types = {
  json: 'application/json',
  cjs: 'application/javascript',
  md: 'text/markdown',
  txt: 'text/plain',
  vsixmanifest: 'text/xml',
};

/** The bytes of the package. */
export async function packaged() {
  const { name, publisher, version, displayName, description, engines, categories } = JSON.parse(read('package.json'));
  const manifest = `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${name}" Version="${version}" Publisher="${publisher}" />
    <DisplayName>${displayName}</DisplayName>
    <Description xml:space="preserve">${description}</Description>
    <Categories>${categories.join(',')}</Categories>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${engines.vscode}" />
      <Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="workspace" />
    </Properties>
  </Metadata>
  <Installation>
    <InstallationTarget Id="Microsoft.VisualStudio.Code" />
  </Installation>
  <Dependencies />
  <Assets>
    <Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true" />
    <Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true" />
    <Asset Type="Microsoft.VisualStudio.Services.Content.License" Path="extension/LICENSE.txt" Addressable="true" />
  </Assets>
</PackageManifest>
`;
  const contentTypes = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
${Object.entries(types)
  .map(([extension, type]) => `  <Default Extension=".${extension}" ContentType="${type}" />`)
  .join('\n')}
</Types>
`;
  const own = [
    'package.json',
    'README.md',
    'language-configuration.json',
    ...within('syntaxes'),
    ...within('snippets'),
  ];
  const files = {
    'extension.vsixmanifest': manifest,
    '[Content_Types].xml': contentTypes,
    ...Object.fromEntries(own.map((path) => [`extension/${path}`, read(path)])),
    'extension/dist/extension.cjs': await bundled('extension'),
    'extension/dist/server.cjs': await bundled('server'),
    'extension/LICENSE.txt': readFileSync(join(root, 'LICENSE'), 'utf8'),
  };
  // The same bytes from the same sources.
  const mtime = new Date(1980, 0, 1);
  const encoder = new TextEncoder();
  return zipSync(
    Object.fromEntries(Object.entries(files).map(([path, text]) => [path, [encoder.encode(text), { mtime }]])),
  );
}

function read(path) {
  return readFileSync(join(folder, path), 'utf8');
}

function within(name) {
  return readdirSync(join(folder, name)).map((file) => `${name}/${file}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = process.argv[2] ?? join(folder, 'nnc.vsix');
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, await packaged());
  console.log(out);
}
