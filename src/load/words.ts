import { usageError } from '../errors.js';

/** What a backslash may precede within double quotes (POSIX shell, 2.2.3). */
const ESCAPABLE = new Set(['"', '\\', '$', '`']);

/**
 * Splits a command line as a POSIX shell splits words (https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_02),
 * with quotes and backslashes. Nothing is expanded and no shell is run: `$X`, `*`, `;` and `|` are plain text.
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let i = 0; i < line.length; i++) {
    const c = line[i] ?? '';
    const next = line[i + 1];
    if (quote !== null) {
      if (c === quote) quote = null;
      else if (c === '\\' && quote === '"' && next !== undefined && ESCAPABLE.has(next)) { word = (word ?? '') + next; i++; }
      else word = (word ?? '') + c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (c === '\\') {
      if (next === undefined) throw usageError('--load: the command ends in a lone backslash');
      word = (word ?? '') + next;
      i++;
    } else if (/\s/.test(c)) {
      if (word !== null) words.push(word);
      word = null;
    } else word = (word ?? '') + c;
  }
  if (quote !== null) throw usageError(`--load: the command has an unclosed ${quote}`);
  if (word !== null) words.push(word);
  return words;
}
