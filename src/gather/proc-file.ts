import { closeSync, openSync, readSync } from 'node:fs';

/** A file below /proc, opened once and read again and again from its start. */
export interface ProcFile {
  /** Bytes now in `proc.buffer`; 0 when whoever it told of is gone, or it may not be read. */
  readBytes(): number;
  text(): string;
  close(): void;
}

/** Largest file read at one go; what is longer is cut (only /proc/stat of hundreds of CPUs, which starts with the sum). */
const BUFFER_BYTES = 64 * 1024;

/** One buffer for all: every reader takes what it needs before the next one reads. */
export const procBuffer = Buffer.allocUnsafe(BUFFER_BYTES);

/** Null when it does not exist or may not be opened. */
export function openProc(path: string): ProcFile | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return null;
  }
  const readBytes = (): number => {
    if (fd < 0) return 0;
    try {
      return readSync(fd, procBuffer, 0, BUFFER_BYTES, 0);
    } catch {
      // ESRCH: the thread is gone. The fd belongs to that thread and never to a later one with its number.
      return 0;
    }
  };
  return {
    readBytes,
    text: () => procBuffer.toString('utf8', 0, readBytes()),
    close: () => {
      if (fd >= 0) closeSync(fd);
      fd = -1;
    },
  };
}

/** The file's text now, without keeping it open; '' when it cannot be read. */
export function readProcOnce(path: string): string {
  const file = openProc(path);
  const text = file?.text() ?? '';
  file?.close();
  return text;
}
