import { openProc, type ProcFile } from './proc-file.js';

/** First line of /proc/stat, clock ticks over all CPUs since boot. */
export interface CpuTicks {
  user: number; nice: number; system: number; idle: number; iowait: number; irq: number; softirq: number; steal: number;
}

/** Counters since boot of the target's network namespace, by their kernel names. */
export type NetCounters = Record<string, number>;

/** Of /proc/PID/net/netstat and snmp: what tells of full queues, lost segments and connections made. */
const NET_NAMES = new Set([
  'ListenOverflows', 'ListenDrops', 'TCPTimeouts', 'TCPDelivered', 'DelayedACKs', 'DelayedACKLost', 'TCPAutoCorking',
  'TCPReqQFullDrop', 'TCPReqQFullDoCookies', 'TCPAbortOnMemory', 'TCPSynRetrans', 'TW',
  'RetransSegs', 'InSegs', 'OutSegs', 'PassiveOpens', 'ActiveOpens', 'AttemptFails', 'EstabResets', 'OutRsts',
]);

export interface Machine {
  cpu(): CpuTicks | null;
  net(): NetCounters;
  close(): void;
}

/** `pid`: any process of the network namespace to be watched. */
export function machine(pid: number): Machine {
  const stat = openProc('/proc/stat');
  const tables = [openProc(`/proc/${pid}/net/netstat`), openProc(`/proc/${pid}/net/snmp`)].filter((file) => file !== null);
  return {
    cpu: () => parseCpu(stat?.text() ?? ''),
    net: () => Object.assign({}, ...tables.map((file: ProcFile) => parseNet(file.text()))) as NetCounters,
    close: () => {
      for (const file of [stat, ...tables]) file?.close();
    },
  };
}

/** `cpu  1234 0 567 89012 34 0 5 0 0 0`: user nice system idle iowait irq softirq steal guest guest_nice. */
export function parseCpu(text: string): CpuTicks | null {
  const [name, ...ticks] = text.slice(0, text.indexOf('\n')).split(/ +/);
  if (name !== 'cpu' || ticks.length < 4) return null;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ticks.map(Number);
  return { user, nice, system, idle, iowait, irq, softirq, steal };
}

/**
 * Pairs of lines, names then values:
 *
 *   TcpExt: SyncookiesSent SyncookiesRecv ... ListenOverflows ListenDrops ...
 *   TcpExt: 0 0 ... 12 12 ...
 */
export function parseNet(text: string): NetCounters {
  const counters: NetCounters = {};
  const lines = text.split('\n');
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const names = (lines[i] ?? '').split(' ');
    if (names[0] !== 'TcpExt:' && names[0] !== 'Tcp:') continue;
    const values = (lines[i + 1] ?? '').split(' ');
    names.forEach((name, column) => {
      const value = values[column];
      if (NET_NAMES.has(name) && value !== undefined) counters[name] = Number(value);
    });
  }
  return counters;
}
