import { join } from 'node:path';
import type { Manifest, Run } from '../types.js';
import { growingFile, type Added } from './growing-file.js';
import { artifactsPath } from './layout.js';

/** Of a file, kept in memory while the run goes on; what is beyond this is read at the end. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The files of a run that goes on: of each, the lines that came since the last call. */
export function growingFiles(dir: string): (file: string) => Added {
  const known = new Map<string, () => Added>();
  return (file) => {
    const read = known.get(file) ?? growingFile(join(artifactsPath(dir), file), MAX_BYTES);
    known.set(file, read);
    return read();
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
