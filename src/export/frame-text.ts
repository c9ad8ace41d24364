import type { StackFrame } from '../types.js';

/**
 * Names come from targets: they may hold escape codes for a terminal, a line's end that would begin a record of its own,
 * direction marks, or ten thousand characters. What leaves here is one line of visible text.
 *
 *   "a\u001b[2J\nb"  ->  a\x1b[2J\x0ab
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** The longest names of C++ that tell anything; a viewer that draws 10,000 characters a frame stands still. */
const MAX_CHARS = 400;

const escaped = (char: string): string => {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
};

/** Both ends stay: the end of a path names the file, the end of a name its arguments. */
function cut(text: string): string {
  if (text.length <= MAX_CHARS) return text;
  const half = MAX_CHARS / 2;
  return `${text.slice(0, half).replace(/[\ud800-\udbff]$/, '')}…${text.slice(-half).replace(/^[\udc00-\udfff]/, '')}`;
}

export const plainText = (text: string): string => cut(cut(text).replace(UNSAFE, escaped));

/** `render /app/lib/view.js:12`, `tcp_sendmsg`, `uv_run (node)`. */
export function frameLabel({ name, file, line, kind }: StackFrame): string {
  const called = plainText(name);
  if (file === null) return called;
  if (kind === 'native') return `${called} (${plainText(file.split('/').at(-1) ?? file)})`;
  return `${called} ${plainText(file)}${line === null ? '' : `:${String(line)}`}`;
}

/** `node 31186`, `all threads`. */
export const threadLabel = ({ thread, tid }: { thread: string; tid: number | null }): string =>
  tid === null ? plainText(thread) : `${plainText(thread)} ${String(tid)}`;
