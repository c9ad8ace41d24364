import stringWidth from 'string-width';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Breaks a text into lines of at most `columns`; words longer than a line (paths) are broken, after a slash where there is one. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').filter((part) => part !== '').flatMap((part) => breakWord(part, columns))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (stringWidth(longer) <= columns) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** Wraps with a first-line prefix (`1. `, `- `); the lines below stand under the text. */
export function wrapHanging(prefix: string, text: string, columns: number): string[] {
  const under = ' '.repeat(stringWidth(prefix));
  return wrap(text, Math.max(10, columns - under.length)).map((line, i) => (i === 0 ? prefix : under) + line);
}

/** Items side by side, the separator never at the start or end of a line; an item too long for a line is wrapped. */
export function flow(items: string[], separator: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const item of items.flatMap((one) => (stringWidth(one) <= columns ? [one] : wrap(one, columns)))) {
    const longer = line === '' ? item : line + separator + item;
    if (stringWidth(longer) <= columns) {
      line = longer;
    } else {
      lines.push(line);
      line = item;
    }
  }
  return line === '' ? lines : [...lines, line];
}

function breakWord(word: string, columns: number): string[] {
  if (stringWidth(word) <= columns) return [word];
  const pieces: string[] = [];
  let piece = '';
  for (const { segment } of graphemes.segment(word)) {
    if (stringWidth(piece + segment) > columns) {
      const slash = piece.lastIndexOf('/') + 1;
      const keep = slash > piece.length / 2 ? slash : piece.length;
      pieces.push(piece.slice(0, keep));
      piece = piece.slice(keep);
    }
    piece += segment;
  }
  pieces.push(piece);
  return pieces;
}
