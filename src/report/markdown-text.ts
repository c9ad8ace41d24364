/**
 * Text of a target in GitHub's Markdown (https://github.github.com/gfm/): nothing in it may become markup, a link, a
 * picture, a mention that calls somebody, or the end of a table's cell.
 *
 *   `<img src=x>`  ->  \<img src=x\>        @alice  ->  @<!-- -->alice        http://evil  ->  http:\/\/evil
 */

/** ASCII punctuation that means something anywhere in a line; a backslash before it takes the meaning away (section 2.4). */
const MEANING = /[\\`*_{}[\]<>|~&$!]/g;

/** Mentions and references are looked for in the finished text: a comment in between keeps them apart. */
const CALLS = /(?<=[@#])(?=[\w-])/g;
/** `GH-12`, and hashes of commits, become links as well. */
const REFERENCE = /\b(GH)-(?=\d)/gi;
const LONG_HEX = /\b(?=[0-9a-f]{7,40}\b)([0-9a-f]{6})(?=[0-9a-f])/gi;

export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\r\n]+/g, ' ')
    .replace(MEANING, '\\$&')
    .replaceAll('://', ':\\/\\/')
    .replace(/\bwww\./gi, (www) => `${www.slice(0, 3)}\\.`)
    // At the beginning of a line: headings, lists, quotes, rules.
    .replace(/^(\s*)([#+=-])/, '$1\\$2')
    .replace(/^(\s*\d+)([.)])(?=\s|$)/, '$1\\$2')
    .replace(CALLS, '<!-- -->')
    .replace(REFERENCE, '$1<!-- -->-')
    .replace(LONG_HEX, '$1<!-- -->');
}

/** A code span with a fence longer than any run of backticks in it (section 6.1); safe in a table's cell. */
export function code(text: string): string {
  const line = text.replace(/[\r\n]+/g, ' ');
  if (line.trim() === '') return '';
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const padded = /^`|`$|^ .* $/.test(line) ? ` ${line} ` : line;
  return `${fence}${padded.replaceAll('|', '\\|')}${fence}`;
}
