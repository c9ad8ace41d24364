import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The first signal asks for an early end with a report; the second one ends the process through process.exit, so that
 * the `exit` handlers of those who started children still run. `on`, not `once`: Node's default action would come back
 * between the two.
 */
export function onInterrupt(first: (signal: string) => void): () => void {
  let seen = false;
  const listeners = SIGNALS.map((signal) => {
    const listener = (): void => {
      if (seen) process.exit(128 + constants.signals[signal]);
      seen = true;
      first(signal);
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  return () => listeners.forEach(({ signal, listener }) => process.off(signal, listener));
}
