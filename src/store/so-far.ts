import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest, Run } from '../types.js';
import { artifactsPath } from './layout.js';

/** The target may write to some of these files. What it writes beyond this is read at the end. */
const MAX_BYTES = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

/** Lines of a file that were not read yet. `fresh`: another file has come in its place, all of it is new. */
export interface Added { text: string; fresh: boolean }

/** Reads the files of a run that goes on, each byte once: whole lines only; of a file that cannot be read, none. */
export function growingFiles(dir: string): (file: string) => Added {
  const known = new Map<string, { bytes: number; mark: string }>();
  return (file) => {
    const before = known.get(file);
    let fd: number | null = null;
    try {
      fd = openSync(join(artifactsPath(dir), file), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      const stat = fstatSync(fd);
      const mark = `${stat.dev}:${stat.ino}`;
      const fresh = before?.mark !== mark;
      const start = fresh ? 0 : before.bytes;
      const size = stat.isFile() ? Math.min(stat.size, MAX_BYTES) - start : 0;
      const buffer = Buffer.alloc(Math.max(0, size));
      const read = buffer.subarray(0, size > 0 ? readSync(fd, buffer, 0, size, start) : 0);
      const whole = read.subarray(0, read.lastIndexOf(NEWLINE) + 1);
      known.set(file, { bytes: start + whole.length, mark });
      return { text: whole.toString('utf8'), fresh };
    } catch {
      return { text: '', fresh: false };
    } finally {
      if (fd !== null) closeSync(fd);
    }
  };
}

/** Opens a run that goes on, again and again: what was read before is kept. */
export function runsSoFar(dir: string): (manifest: Manifest) => Run {
  const read = growingFiles(dir);
  const texts = new Map<string, string>();
  return (manifest) => {
    const current = new Set<string>();
    return {
      manifest,
      text({ file }) {
        // One look a judgement: two facts must not see two states of a file.
        if (!current.has(file)) {
          const { text, fresh } = read(file);
          texts.set(file, fresh ? text : (texts.get(file) ?? '') + text);
          current.add(file);
        }
        return texts.get(file) ?? '';
      },
    };
  };
}
