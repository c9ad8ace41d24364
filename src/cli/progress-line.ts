import type { Progress } from '../run.js';
import { progressLine, WINDOW_WORDS } from '../report/progress.js';

export interface ProgressOut { show(progress: Progress): void; clear(): void }

interface Stream { isTTY?: boolean; columns?: number; write(text: string): unknown }

/** On a terminal one line that is overwritten; elsewhere a line at the start of each window, so that logs stay short. */
export function progressOut(stream: Stream, quiet: boolean): ProgressOut {
  if (quiet) return { show: () => undefined, clear: () => undefined };
  if (stream.isTTY !== true) return plainLines(stream);
  let shown = false;
  return {
    show(progress) {
      shown = true;
      stream.write(`\r${progressLine({ ...progress, width: (stream.columns ?? 80) - 1 })}\u001b[K`);
    },
    clear() {
      if (shown) stream.write('\r\u001b[K');
      shown = false;
    },
  };
}

function plainLines(stream: Stream): ProgressOut {
  let last: Progress['window'] | null = null;
  return {
    show({ window }) {
      if (window !== last) stream.write(`whyslow: ${WINDOW_WORDS[window]}\n`);
      last = window;
    },
    clear: () => undefined,
  };
}
