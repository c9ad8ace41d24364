import type { Readable } from 'node:stream';

/** Of a tool's output, the last this many characters are kept. */
const KEPT = 64 * 1024;

/** Collects the end of what streams say; call for the text so far. Untrusted. */
export function keepTail(...streams: (Readable | null)[]): () => string {
  let text = '';
  for (const stream of streams) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => { text = (text + chunk).slice(-KEPT); });
  }
  return () => text;
}
