import { randomUUID } from 'node:crypto';
import { chmodSync, renameSync, writeFileSync } from 'node:fs';

/**
 * Puts a text that the target reads in the place of what was there. The folder may belong to the target's user while we are
 * root: so a new file is made (never through a link that was laid there) and renamed over the old one, which nobody sees half.
 */
export function replaceWhole(file: string, text: string): void {
  const fresh = `${file}.${randomUUID()}`;
  writeFileSync(fresh, text, { flag: 'wx' });
  // Whatever our umask: the target's user must read it.
  chmodSync(fresh, 0o644);
  renameSync(fresh, file);
}
