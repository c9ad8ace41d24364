import type { Host, ProbeId, ProbeStatus } from '../types.js';
import { groupBy } from './group-by.js';
import { bytes } from './numbers.js';
import { safeValue } from './safe-text.js';
import { makeStyle, type RenderOptions, type Style } from './style.js';
import { table } from './table.js';
import { flow, wrapHanging } from './wrap.js';

const SHOWS: Record<ProbeId, string> = {
  proc: 'CPU, run queue and waits of every thread',
  ss: 'TCP state: unsent bytes, round trips, listen queue',
  sched: 'on and off the CPU, by thread',
  syscalls: 'syscalls: calls, errors, latency',
  'event-loop': 'ticks of any event loop, from outside',
  'failed-paths': 'files looked for and not found',
  sockets: 'reads and sends of each request',
  ledger: "where each thread's wall time goes",
  perf: 'stacks on the CPU, native and kernel',
  node: 'Node: loop delay, garbage collection, heap',
  cpuprofile: 'Node: which function, which line',
  python: 'Python: garbage collection',
  'python-profile': 'Python: which function, which line',
  'off-cpu': 'where threads sleep, with stacks (--off-cpu)',
  strace: 'syscalls and paths without eBPF (slow)',
};

/** What `whyslow env` prints: what can be observed here, what cannot, why, and what would change that. */
export function renderEnv(rows: ProbeStatus[], host: Host, options: RenderOptions): string {
  const style = makeStyle(options);
  const safe = safeValue({ rows, host }, { unicode: style.unicode });
  const able = ({ status }: ProbeStatus): boolean => status === 'ok' || status === 'off';
  const [can, cannot] = [safe.rows.filter(able), safe.rows.filter((row) => !able(row))];
  const lines = [
    ...hostLines(safe.host, style),
    ...(can.length === 0 ? [] : ['', style.heading('CAN BE OBSERVED HERE'), ...canLines(can, style)]),
    ...(cannot.length === 0 ? [] : ['', style.heading('CANNOT'), ...cannotLines(cannot, style)]),
    '', ...closing(can, cannot, style),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function hostLines(host: Host, style: Style): string[] {
  const machine = [`Linux ${host.kernel}`, host.arch, `${host.cpus} CPU${host.cpus === 1 ? '' : 's'}`, bytes(host.memBytes), `Node ${host.nodeVersion.replace(/^v/, '')}`, host.isRoot ? 'root' : 'not root'];
  const tools = Object.entries(host.tools).map(([name, version]) => (version?.includes(name) ? version : `${name} ${version}`));
  return [...flow(machine, style.dot, style.width), ...flow(tools.length === 0 ? ['no tools found'] : tools, style.dot, style.width).map(style.dim)];
}

function canLines(rows: ProbeStatus[], style: Style): string[] {
  const cells = rows.map(({ id, weight, status, reason }) => [style.yes, id, SHOWS[id], [weight, ...(status === 'off' ? ['off'] : []), ...(reason ? [reason] : [])].join('; ')]);
  return table([{ head: '', paint: style.good }, { head: '' }, { head: '' }, { head: '', paint: style.dim }], cells, style);
}

function cannotLines(rows: ProbeStatus[], style: Style): string[] {
  const cells = rows.map(({ id }) => [style.no, id, SHOWS[id]]);
  const heads = table([{ head: '', paint: style.bad }, { head: '' }, { head: '' }], cells, style);
  const under = ' '.repeat(2 + style.no.length + 2);
  const why = ({ reason }: ProbeStatus): string => reason ?? 'no reason given';
  const groups = groupBy(rows, (row) => JSON.stringify([why(row), row.enable ?? null]));
  return [...groups.values()].flatMap((group) => [
    ...group.map((row) => heads[rows.indexOf(row)] ?? ''),
    ...(group[0] ? wrapHanging(under, why(group[0]), style.width) : []),
    ...(group[0]?.enable ? wrapHanging(`${under}${style.arrow} `, group[0].enable, style.width) : []),
  ]);
}

function closing(can: ProbeStatus[], cannot: ProbeStatus[], style: Style): string[] {
  if (cannot.length === 0) return [style.bold('Everything can be observed here.')];
  if (can.length === 0) return [style.bold('Nothing can be observed here.')];
  return wrapHanging('', `${can.length} of ${can.length + cannot.length} probes work here; a report says what it could not see.`, style.width).map(style.bold);
}
