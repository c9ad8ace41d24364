/**
 * Who owns a Python function, by the path of its file as the code object has it (`co_filename`).
 *
 *   /app/shop/views.py                                               the app
 *   /app/venv/lib/python3.11/site-packages/django/template/base.py   a package: django
 *   /usr/lib/python3/dist-packages/falcon/app.py                     a package: falcon (Debian's)
 *   /usr/lib/python3.11/json/encoder.py, <frozen importlib._bootstrap>   Python itself
 *   <string>, <template>                                             code made at run time: the app's
 */
import type { Frame } from '../types.js';

export function pythonFrame(name: string, file: string, line: number, { stdlib }: { stdlib: string }): Frame {
  const frame = { name, file, line, kind: 'python' as const };
  const owner = packageOf(file);
  if (owner !== null) return { ...frame, origin: 'dependency', package: owner };
  const isRuntime = file.startsWith('<frozen ') || (stdlib !== '' && file.startsWith(`${stdlib}/`));
  return { ...frame, origin: isRuntime ? 'runtime' : 'app', package: null };
}

/** The innermost: a package may bring others along. */
const PACKAGES = /.*\/(?:site|dist)-packages\/([^/]+)/;

/** `json5.py` -> json5, `Foo-1.2-py3.11.egg` -> Foo. */
function packageOf(file: string): string | null {
  const name = PACKAGES.exec(file)?.[1];
  return name === undefined ? null : name.replace(/\.py$/, '').replace(/-\d.*\.egg$/, '');
}
