import type { Report } from '../../types.js';
import { cutMiddle } from '../safe-text.js';
import type { Style } from '../style.js';

/** One dim line: what was looked at. The command gives way, the rest does not. */
export function header({ whyslow, target }: Report, style: Style): string[] {
  const before = `whyslow ${whyslow}${style.dot}`;
  const after = [
    ...(target.runtime === 'native' ? [] : [target.runtime]),
    ...(target.url === null ? [] : [cutMiddle(target.url, Math.floor(style.width / 3), style.unicode)]),
  ].map((part) => style.dot + part).join('');
  const command = cutMiddle(target.command.join(' '), Math.max(12, style.width - before.length - after.length), style.unicode);
  return [style.dim(cutMiddle(before + command + after, style.width, style.unicode))];
}
