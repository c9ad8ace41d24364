import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** Read at one go; a scrape that finds more takes the rest the next time. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

/** The whole lines that a growing file got since the last call. */
export function tailLines(file: string): () => string[] {
  let at = 0;
  return () => {
    const bytes = readFrom(file, at);
    const end = bytes.lastIndexOf(0x0a) + 1;
    at += end;
    return end === 0 ? [] : bytes.toString('utf8', 0, end - 1).split('\n');
  };
}

/** Regular files only: the folder is the target's to write as well, and could hold links or pipes. */
function readFrom(file: string, at: number): Buffer {
  const nothing = Buffer.alloc(0);
  let fd: number | null = null;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    const size = Math.min(stat.size - at, MAX_READ_BYTES);
    if (!stat.isFile() || size <= 0) return nothing;
    const buffer = Buffer.alloc(size);
    return buffer.subarray(0, readSync(fd, buffer, 0, size, at));
  } catch {
    return nothing;
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
