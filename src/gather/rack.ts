import { NoData } from '../errors.js';
import type { Artifact, WindowName } from '../types.js';
import type { PreparedProbe, Probe, ProbeContext } from './probe.js';
import type { Statuses } from './select.js';

/** Probes that share a window: made ready, started and stopped together. One that fails costs only itself. */
export interface Rack {
  /** Probes that are ready; 0: a window for them would see nothing. */
  readonly size: number;
  start(): Promise<void>;
  /** Ends the window: those whose end is dear only pause, the others stop. Resolves once none of them watches. */
  leave(): Promise<void>;
  /** Resolves with what they left once all have let go of the target. */
  stop(): Promise<Artifact[]>;
}

export async function prepareRack(probes: readonly Probe[], ctx: ProbeContext, window: WindowName | 'all', statuses: Pick<Statuses, 'failed' | 'notHere'>): Promise<Rack> {
  const ready = new Map<Probe, PreparedProbe>();

  const guarded = async <T>(probe: Probe, step: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await step();
    } catch (error) {
      if (error instanceof NoData) statuses.notHere(probe, error.message, error.enable);
      else statuses.failed(probe, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };

  await Promise.all(probes.map(async (probe) => {
    const prepared = await guarded(probe, () => probe.prepare(ctx, window));
    if (prepared) ready.set(probe, prepared);
  }));

  return {
    size: ready.size,
    start: async () => {
      await Promise.all([...ready].map(([probe, prepared]) => guarded(probe, () => prepared.start())));
    },
    leave: async () => {
      await Promise.all([...ready].map(([probe, prepared]) => guarded(probe, async () => { await (prepared.pause ?? prepared.stop)(); })));
    },
    stop: async () => {
      const left = await Promise.all([...ready].map(([probe, prepared]) => guarded(probe, () => prepared.stop())));
      return left.flatMap((artifacts) => artifacts ?? []);
    },
  };
}
