import type { Exit, Target } from '../target/launch.js';

/** Why a run ended before its time, in words; null: it did not. */
export function earlyEnd(origin: Target['origin'], gone: Exit | null, byUser: boolean): string | null {
  if (gone === null) return byUser ? 'ended early by the user' : null;
  // Of a process that is not our child nobody tells us the exit code.
  const how = origin === 'attach' ? 'how, only its parent is told' : gone.signal ?? `exit code ${String(gone.code)}`;
  return `the target ended by itself (${how}) during the run`;
}
