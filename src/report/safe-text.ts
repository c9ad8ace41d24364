/**
 * Everything that came from a target (paths, function and thread names, output, error texts) passes here
 * before it reaches a terminal. A file may be called `ESC [ 2 J`: printed raw, it would clear the screen;
 * U+202E would turn the rest of the line around; a zero-width space would hide a difference.
 *
 *   "a\u001b[2Jb"  ->  a\x1b[2Jb        "x\u202ey"  ->  x\u202ey (six visible characters)
 */
import stringWidth from 'string-width';

export interface SafeOptions {
  /** False where the terminal's locale is not UTF-8: nothing beyond ASCII comes out. Default true. */
  unicode?: boolean;
  /** Longest result, in characters; longer texts lose their middle. Default 600: six lines, enough for any sentence. */
  maxChars?: number;
}

const MAX_CHARS = 600;

/** Accents that may sit on one letter; more of them climb over the lines above and below. */
const MAX_MARKS = 3;

/** Controls, formats (bidi overrides, zero-width), lone surrogates, line separators, and whatever draws nothing. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

const MARK_PILE = new RegExp(`(?<=\\p{M}{${MAX_MARKS}})\\p{M}`, 'gu');

/** Our own typography, in ASCII. */
const PLAIN: Record<string, string> = {
  '…': '...', '–': '-', '—': '-', '×': 'x', '·': '|', 'µ': 'u', '≤': '<=', '≥': '>=', '≈': '~', '±': '+-',
  '→': '->', '‘': "'", '’': "'", '“': '"', '”': '"', '\u00a0': ' ',
};

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) {
    if (char === '\n') return '\\n';
    if (char === '\t') return '\\t';
    if (char === '\r') return '\\r';
    return `\\x${hex.padStart(2, '0')}`;
  }
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/** One line that can do nothing to a terminal but be read. */
export function safeText(text: string, options: SafeOptions = {}): string {
  const max = options.maxChars ?? MAX_CHARS;
  // Cut before escaping as well: ten megabytes of controls would become forty.
  const short = cutChars(text, max * 2).replace(UNSAFE, escaped).replace(MARK_PILE, escaped);
  const ascii = options.unicode === false
    ? short.replace(/[^\x20-\x7e]/gu, (char) => PLAIN[char] ?? escaped(char))
    : short;
  return cutChars(ascii, max, options.unicode);
}

/** The same for every string of a value, keys of records included. */
export function safeValue<T>(value: T, options: SafeOptions = {}): T {
  if (typeof value === 'string') return safeText(value, options) as T;
  if (Array.isArray(value)) return value.map((item) => safeValue<unknown>(item, options)) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [safeText(key, options), safeValue<unknown>(item, options)]),
  ) as T;
}

function cutChars(text: string, max: number, unicode = true): string {
  if (text.length <= max) return text;
  const dots = unicode ? '…' : '...';
  const half = Math.floor((max - dots.length) / 2);
  // Half of a surrogate pair is no character.
  const head = text.slice(0, half).replace(/[\ud800-\udbff]$/, '');
  const tail = text.slice(-half).replace(/^[\udc00-\udfff]/, '');
  return head + dots + tail;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

const HEAD_SHARE = 0.4;

/**
 * Fits a text to a number of columns; what is lost is lost in the middle, and rather before it than after,
 * since the end of a path names the file.
 *
 *   /usr/lib/python3/dist-packages/flask/app.py  ->  /usr/lib/py…ages/flask/app.py
 */
export function cutMiddle(text: string, columns: number, unicode = true): string {
  if (stringWidth(text) <= columns) return text;
  const dots = unicode ? '…' : '...';
  const room = columns - dots.length;
  if (room < 2) return dots.slice(0, Math.max(0, columns));
  const parts = [...graphemes.segment(text)].map((part) => part.segment);
  const head = take(parts, Math.floor(room * HEAD_SHARE));
  const tail = take(parts.toReversed(), room - stringWidth(head.join(''))).toReversed();
  return head.join('') + dots + tail.join('');
}

function take(parts: string[], columns: number): string[] {
  let used = 0;
  const taken: string[] = [];
  for (const part of parts) {
    used += stringWidth(part);
    if (used > columns) break;
    taken.push(part);
  }
  return taken;
}
