/** Parts of one call as strace prints it: `name(args)rest`. */
export interface CallParts { name: string; args: string; rest: string }

/**
 * Finds the parenthesis that closes the arguments; strings may hold any, in quotes and with escapes:
 *
 *   stat("/a (b) = \"c\"", {st_mode=...}) = 0 <0.000003>
 *
 * Null when it is no call (`+++ exited with 0 +++`, `--- SIGCHLD ---`).
 */
export function splitCall(text: string): CallParts | null {
  const name = /^[a-z_]\w*(?=\()/.exec(text)?.[0];
  if (name === undefined) return null;
  let depth = 0;
  for (let i = name.length; i < text.length; i++) {
    const char = text[i];
    if (char === '"') {
      i = closingQuote(text, i);
      if (i === -1) break;
    } else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return { name, args: text.slice(name.length + 1, i), rest: text.slice(i + 1) };
  }
  // Not finished when strace left.
  return { name, args: text.slice(name.length + 1), rest: '' };
}

function closingQuote(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i;
  }
  return -1;
}

/** The quoted string at `start`, decoded; null when there is none (NULL, an address that could not be read). */
export function stringAt(args: string, start: number): { text: string; truncated: boolean } | null {
  if (args[start] !== '"') return null;
  const close = closingQuote(args, start);
  if (close === -1) return null;
  return { text: decodeEscapes(args.slice(start + 1, close)), truncated: args.startsWith('...', close + 1) };
}

const SIMPLE: Record<string, number> = { n: 10, t: 9, v: 11, f: 12, r: 13, a: 7, b: 8, '"': 34, '\\': 92 };

/** C escapes to bytes to UTF-8: `caf\303\251` -> `café`. Bytes that are no UTF-8 become U+FFFD. */
export function decodeEscapes(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  const pattern = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|([^]))|[^\\]+/g;
  for (const [whole, octal, hex, simple] of text.matchAll(pattern)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 255);
    else if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (simple !== undefined) bytes.push(...(SIMPLE[simple] === undefined ? encoder.encode(simple) : [SIMPLE[simple]]));
    else bytes.push(...encoder.encode(whole));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
