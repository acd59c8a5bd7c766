// Why a command has failed, in one line for a message of the editor, from what it wrote to standard error.

/** Its errors with their hints, without the lines of source that they show; warnings are underlined in the text already. */
export function reasonIn(stderr: string): string {
  const parts = stderr.split(/\n(?=\w+(?:\[[\w-]+\])?: )/).filter((part) => part.startsWith('error'));
  if (parts.length === 0) return stderr.trim();
  return parts
    .map((part) => {
      const [, said = part] = /^error(?:\[[\w-]+\])?: (.*)/.exec(part) ?? [];
      const [, place] = /^\s*┌─ (.*)$/m.exec(part) ?? [];
      const [, hint] = /^\s*= help: (.*)$/m.exec(part) ?? [];
      return `${place === undefined ? '' : `${place}: `}${said}${hint === undefined ? '' : ` (${hint})`}`;
    })
    .join('; ');
}
