import type { Host, ProbeId, ProbeStatus } from '../types.js';
import { PROBES } from './index.js';
import type { Probe } from './probe.js';

/** How every probe fares, by id; ends in the manifest. */
export interface Statuses {
  failed(probe: Probe, reason: string): void;
  /** This target has nothing that the probe could see. */
  notHere(probe: Probe, reason: string, enable?: string): void;
  list(): ProbeStatus[];
}

/** Asked for by name only, or where the kernel probes are refused: it slows the server. */
const FALLBACK: ProbeId = 'strace';

/** Measured: shared field notes, a Node hello server. */
const STRACE_COST = 'slows a server twenty times: not on one that was running before, unless --probes names it';

/** No rule needs them: they draw pictures. */
const ON_REQUEST: readonly ProbeId[] = ['off-cpu'];

/** Ids that come out of another probe's program. */
const PART_OF: Partial<Record<ProbeId, ProbeId>> = { 'event-loop': 'syscalls' };

/** Each of these makes every system call of the machine slower while it is on, or each request. */
const NOT_GENTLE: readonly ProbeId[] = ['syscalls', 'failed-paths', 'ledger', 'sockets', 'strace'];

/** How probes are chosen. */
export interface Choice {
  /** By the user; null: all that are worth their cost. */
  asked: readonly ProbeId[] | null;
  gentle: boolean;
  /** The target was there before us: nothing that slows it twenty times unless asked for by name. */
  attach: boolean;
  /** Besides the usual ones. */
  also?: readonly ProbeId[];
}

/** Which probes this run uses and why the others do not. Checks run side by side. */
export async function selectProbes(host: Host, { asked, gentle, attach, also = [] }: Choice): Promise<{ active: Probe[]; statuses: Statuses }> {
  const wanted = asked && new Set(asked.map((id) => PART_OF[id] ?? id));
  const checks = await Promise.all(PROBES.map(async (probe) => ({ probe, can: await probe.check(host) })));
  const kernelRefused = checks.some(({ probe, can }) => probe.id === 'syscalls' && !can.ok);

  const byId = new Map<ProbeId, ProbeStatus>();
  const active: Probe[] = [];
  for (const { probe, can } of checks) {
    const on = wanted?.has(probe.id) === true || also.includes(probe.id) || (wanted === null && !ON_REQUEST.includes(probe.id) && (probe.id !== FALLBACK || (kernelRefused && !attach)));
    const { id, weight } = probe;
    if (gentle && NOT_GENTLE.includes(id)) {
      byId.set(id, { id, weight, status: 'off', reason: '--gentle keeps it out' });
      continue;
    }
    if (!on) byId.set(id, { id, weight, status: 'off', reason: wanted ? 'not asked for' : ON_REQUEST.includes(id) ? 'only with --off-cpu' : kernelRefused ? STRACE_COST : 'not needed: eBPF sees the same at a fraction of the cost' });
    else if (!can.ok) byId.set(id, { id, weight, status: 'unavailable', reason: can.reason, enable: can.enable });
    else {
      byId.set(id, { id, weight, status: 'ok' });
      active.push(probe);
    }
  }

  const statuses: Statuses = {
    failed: ({ id, weight }, reason) => byId.set(id, { id, weight, status: 'failed', reason }),
    notHere: ({ id, weight }, reason, enable) => byId.set(id, { id, weight, reason, ...(enable === undefined ? { status: 'off' } : { status: 'unavailable', enable }) }),
    list: () => [...byId.values()].flatMap((status) => [status, ...partsOf(status)]),
  };
  return { active, statuses };
}

const partsOf = (whole: ProbeStatus): ProbeStatus[] =>
  Object.entries(PART_OF).filter(([, id]) => id === whole.id).map(([part]) => ({ ...whole, id: part as ProbeId }));
