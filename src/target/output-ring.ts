/** Enough for the last screens of a stack trace; little enough to keep for every run. */
const DEFAULT_LIMIT_BYTES = 64 * 1024;

export interface OutputRing {
  push(chunk: Buffer): void;
  /** The last bytes as text. Untrusted: may hold terminal escapes. */
  text(): string;
}

/** Keeps the tail of a stream of any length in bounded memory. */
export function outputRing(limitBytes = DEFAULT_LIMIT_BYTES): OutputRing {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let cut = false;

  function tail(): Buffer {
    const all = Buffer.concat(chunks);
    if (all.length <= limitBytes) return all;
    cut = true;
    return all.subarray(all.length - limitBytes);
  }

  return {
    push(chunk) {
      chunks.push(chunk);
      bytes += chunk.length;
      // Joined only at twice the limit, so that many small writes stay cheap.
      if (bytes <= 2 * limitBytes) return;
      chunks = [Buffer.from(tail())];
      bytes = limitBytes;
    },
    text() {
      const last = tail();
      // Cut inside a character: its continuation bytes (10xxxxxx) tell nothing.
      let from = 0;
      while (cut && from < 3 && ((last[from] ?? 0) & 0xc0) === 0x80) from++;
      return last.toString('utf8', from);
    },
  };
}
