import type { HotFunction, Report, SyscallUse } from '../../types.js';
import { count, percent, perRequest, plural, time, whole } from '../numbers.js';
import { placeText } from '../sections/frame-text.js';
import { waitsText } from '../sections/threads.js';
import { dataTable, type DataColumn } from './data-table.js';
import { html, type Markup } from './html.js';

/** Startup and serving never in one sum: no request pays for what happened at import. */
const phaseColumn = { head: 'phase', text: ({ phase }: { phase: string }): string => phase };
const each = ({ perRequest: n }: { perRequest: number | null }): string => (n === null ? '' : perRequest(n));

export function syscallTable({ syscalls }: Report): Markup | null {
  if (syscalls.length === 0) return null;
  const rows = syscalls.toSorted((a, b) => Number(b.phase === 'serving') - Number(a.phase === 'serving') || b.timeNs - a.timeNs);
  const ms = (ns: number | null): string => (ns === null ? '' : time(ns / 1e6));
  const one = (use: SyscallUse): number | null => (use.perRequest === null || use.calls === 0 ? null : (use.timeNs * use.perRequest) / use.calls);
  const columns: DataColumn<SyscallUse>[] = [
    { head: 'syscall', text: ({ name }) => html`<code>${name}</code>` },
    phaseColumn,
    { head: 'a request', number: true, text: each, value: (u) => u.perRequest ?? -1 },
    { head: 'time a request', number: true, text: (u) => ms(one(u)), value: (u) => one(u) ?? -1 },
    { head: 'calls', number: true, text: (u) => count(u.calls), value: (u) => u.calls },
    { head: 'time in all', number: true, text: (u) => ms(u.timeNs), value: (u) => u.timeNs },
    { head: 'p50', number: true, text: (u) => ms(u.p50Ns), value: (u) => u.p50Ns ?? -1 },
    { head: 'p99', number: true, text: (u) => ms(u.p99Ns), value: (u) => u.p99Ns ?? -1 },
    { head: 'longest', number: true, text: (u) => ms(u.maxNs), value: (u) => u.maxNs ?? -1 },
    { head: 'errors', text: ({ errors }) => Object.entries(errors).filter(([, n]) => n > 0).sort(([, a], [, b]) => b - a).map(([errno, n]) => `${errno} ${whole(n)}`).join(', ') },
  ];
  return html`<section id="syscalls"><h2>System calls <span class="dim">by wall time, waits included</span></h2>${dataTable('syscall-table', 'System calls', columns, rows, 3)}</section>`;
}

export function pathTable({ failedPaths }: Report): Markup | null {
  if (failedPaths.length === 0) return null;
  const rows = failedPaths.toSorted((a, b) => Number(b.phase === 'serving') - Number(a.phase === 'serving') || b.calls - a.calls);
  const startup = failedPaths.filter(({ phase }) => phase === 'startup');
  return html`<section id="paths"><h2>Failing paths <span class="dim">opens and lookups of what is not there</span></h2>
${startup.length === failedPaths.length ? html`<p>None while serving: no request pays for any of these.</p>` : ''}
${dataTable('path-table', 'Failing paths', [
    { head: 'path', text: ({ path, truncated }) => html`<code class="path">${path}</code>${truncated ? ' (cut by the probe)' : ''}` },
    { head: 'error', text: ({ errno }) => errno },
    { head: 'syscall', text: ({ syscall }) => html`<code>${syscall}</code>` },
    phaseColumn,
    { head: 'a request', number: true, text: each, value: (p) => p.perRequest ?? -1 },
    { head: 'calls', number: true, text: (p) => whole(p.calls), value: (p) => p.calls },
  ], rows, 5)}
${startup.length === 0 ? '' : html`<p class="dim">At startup: ${plural(startup.reduce((sum, { calls }) => sum + calls, 0), 'failed lookup')} of ${plural(startup.length, 'path')}; no request pays for them.</p>`}</section>`;
}

export function functionTable({ hotFunctions }: Report): Markup | null {
  if (hotFunctions.length === 0) return null;
  const columns: DataColumn<HotFunction>[] = [
    { head: 'function', text: ({ frame }) => (frame.name === '' ? '(anonymous)' : frame.name) },
    { head: 'self', number: true, text: (f) => percent(f.selfShare), value: (f) => f.selfShare },
    { head: 'total', number: true, text: (f) => percent(f.totalShare), value: (f) => f.totalShare },
    { head: 'where', text: ({ frame }) => html`<code class="path">${placeText(frame)}</code>` },
    { head: 'owner', text: ({ frame }) => frame.package ?? (frame.origin === 'app' ? 'your code' : frame.origin) },
  ];
  return html`<section id="functions"><h2>Hot functions <span class="dim">shares of the busiest serving thread's time on a CPU</span></h2>${dataTable('function-table', 'Hot functions', columns, hotFunctions, 1)}</section>`;
}

export function threadTable({ threads }: Report): Markup | null {
  if (threads.length === 0) return null;
  const order = { serving: 0, worker: 1, helper: 2 };
  return html`<section id="threads"><h2>Threads <span class="dim">shares of one core, in the clean windows</span></h2>
${dataTable('thread-table', 'Threads', [
    { head: 'thread', text: ({ name, tid }) => `${name} (${tid})` },
    { head: 'role', text: ({ role }) => role },
    { head: 'CPU', number: true, text: (t) => percent(t.cpuShare), value: (t) => t.cpuShare },
    { head: 'user', number: true, text: (t) => percent(t.userShare), value: (t) => t.userShare },
    { head: 'system', number: true, text: (t) => percent(t.systemShare), value: (t) => t.systemShare },
    { head: 'run queue', number: true, text: (t) => percent(t.runQueueShare), value: (t) => t.runQueueShare },
    { head: 'where it stood', text: waitsText },
  ], threads.toSorted((a, b) => order[a.role] - order[b.role] || b.cpuShare - a.cpuShare), 2)}</section>`;
}
