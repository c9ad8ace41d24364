import type { Frame } from '../../types.js';

/** `/srv/app/lib/view.js:12`; what lies before a package's own folder is left out, since its name says whose it is. */
export function placeText({ file, line }: Pick<Frame, 'file' | 'line'>): string {
  if (file === null) return '';
  const path = file.replace(/^file:\/\//, '').replace(/^.*\/(?:node_modules|site-packages|dist-packages)\//, '');
  return line === null ? path : `${path}:${line}`;
}
