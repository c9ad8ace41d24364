import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** Lines of a file that were not read yet. `fresh`: another file has come in its place, all of it is new. */
export interface Added { text: string; fresh: boolean }

/** Read at one go; what is beyond comes the next time. The target may write to some of these files. */
const MAX_READ_BYTES = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Reads a file that grows, each byte once and whole lines only, at most `mostBytes` of it in all. A link, a pipe, or what
 * cannot be read, has none: the folder is the target's to write as well.
 */
export function growingFile(path: string, mostBytes = Infinity): () => Added {
  let known = { at: 0, mark: '' };
  return () => {
    let fd: number | null = null;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const stat = fstatSync(fd);
      const mark = `${stat.dev}:${stat.ino}`;
      const fresh = known.mark !== mark;
      const at = fresh ? 0 : known.at;
      const size = stat.isFile() ? Math.max(0, Math.min(stat.size - at, mostBytes - at, MAX_READ_BYTES)) : 0;
      const buffer = Buffer.alloc(size);
      const read = buffer.subarray(0, size > 0 ? readSync(fd, buffer, 0, size, at) : 0);
      const whole = read.subarray(0, read.lastIndexOf(NEWLINE) + 1);
      known = { at: at + whole.length, mark };
      return { text: whole.toString('utf8'), fresh };
    } catch {
      return { text: '', fresh: false };
    } finally {
      if (fd !== null) closeSync(fd);
    }
  };
}
