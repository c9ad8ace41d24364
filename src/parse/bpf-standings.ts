/** Where a thread stood by /proc when a gate opened or closed. */
export interface Standing {
  pid: number;
  comm: string | null;
  /** Of the system call that it stood in; null: on a CPU at that moment. */
  nr: number | null;
}

/**
 * The lines that the runner adds to a program's output, by thread; the later one wins.
 *
 *   {"type": "whyslow_threads", "data": {"threads": [{"pid": 14201, "tid": 14207, "comm": "node", "nr": 202}]}}
 */
export function standingsOf(lines: readonly unknown[]): Map<number, Standing> {
  const stood = new Map<number, Standing>();
  for (const line of lines) {
    const threads = typeof line === 'object' && line !== null && 'threads' in line ? line.threads : [];
    for (const t of Array.isArray(threads) ? (threads as unknown[]) : []) {
      if (typeof t !== 'object' || t === null) continue;
      const { pid, tid, comm, nr } = t as Record<string, unknown>;
      if (typeof pid !== 'number' || typeof tid !== 'number') continue;
      stood.set(tid, { pid, comm: typeof comm === 'string' ? comm : null, nr: typeof nr === 'number' ? nr : null });
    }
  }
  return stood;
}
