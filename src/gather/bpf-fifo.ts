import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The two ends of a pipe without a name. */
export interface FullPipe {
  readFd: number;
  writeFd: number;
}

const BLOCK_BYTES = 65_536;
/** Below this a pipe takes a write as a whole or not at all: the last bytes go one by one. */
const STEPS = [BLOCK_BYTES, 4096, 1];

/**
 * A pipe filled with newlines to the brim: whoever writes to it waits until we begin to read.
 * A FIFO, since Node has no pipe(2); its file in `dir`, the run's own folder, is gone before this returns.
 */
export async function fullPipe(dir: string): Promise<FullPipe> {
  const path = join(dir, `${randomUUID()}.fifo`);
  let readFd: number, writeFd: number, fillFd: number;
  try {
    await promisify(execFile)('mkfifo', ['-m', '600', path]);
    readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    fillFd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    // Opened apart: the tool's end must block, and O_NONBLOCK belongs to the open file, not to the pipe.
    writeFd = openSync(path, constants.O_WRONLY);
  } finally {
    rmSync(path, { force: true });
  }
  for (const bytes of STEPS) fill(fillFd, bytes);
  closeSync(fillFd);
  return { readFd, writeFd };
}

function fill(fd: number, bytes: number): void {
  const newlines = Buffer.alloc(bytes, '\n');
  for (;;) {
    try {
      writeSync(fd, newlines);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return;
      throw error;
    }
  }
}
