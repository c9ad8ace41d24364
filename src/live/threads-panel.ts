import type { LedgerPart } from '../types.js';
import { LABEL_COLUMNS } from './head.js';
import { cell, seg } from './lines.js';
import { chosenThread, threadRows, type ThreadRow } from './threads.js';
import type { Data, Figures, Line, Look, Style } from './types.js';

/** Each thread's loop: how busy, its longest turn, its collections. `rows` with the heads. */
export function loopRows(data: Data, look: Look, columns: number, rows: number, f: Figures): Line[] {
  const threads = threadRows(data);
  const chosen = chosenThread(threads, look.thread);
  const at = chosen ? threads.indexOf(chosen) : 0;
  // The chosen one is always in sight.
  const first = Math.max(0, Math.min(at - (rows - 2), threads.length - (rows - 1)));
  const shown = threads.slice(first, first + rows - 1);
  const more = threads.length - shown.length;
  return [
    [seg(` ${cell('thread', NAME + 1, f)}${cell('busy', BAR + 6, f)}${cell('longest tick now, ever', TICKS, f)} GC${more > 0 ? `   (${String(more)} more: t)` : ''}`, 'dim')],
    ...shown.map((row) => loopRow(row, row === chosen, columns >= HEAP_FROM, f)),
    ...threads.length === 0 ? [[seg('  no thread of the server has run yet', 'dim')]] : [],
  ].slice(0, rows);
}

/** Columns. */
const NAME = 20;
const BAR = 8;
const TICKS = 22;
const HEAP_FROM = 100;

/** A turn that long is felt, ms; as the event-loop facts list them. */
const LONG_MS = 20;
const FULL_SHARE = 0.9;

function loopRow(row: ThreadRow, isChosen: boolean, withHeap: boolean, f: Figures): Line {
  const name = `${isChosen ? '>' : ' '}${row.name || 'thread'} ${row.pid === row.tid ? String(row.pid) : `${String(row.pid)}/${String(row.tid)}`}${row.serves === false ? ' helps' : ''}`;
  const busy: Style = (row.busy ?? 0) >= FULL_SHARE ? 'bad' : 'accent';
  const long: Style = (row.everLongestMs ?? 0) >= LONG_MS ? 'warn' : 'plain';
  const ticks = row.everLongestMs === null ? f.dash : `${row.longestMs === null ? f.dash : f.time(row.longestMs)}, ${f.time(row.everLongestMs)}`;
  const gc = row.gcShare === null ? f.dash : `${f.percent(row.gcShare)}${row.gcMaxMs === null || row.gcMaxMs === 0 ? '' : `, max ${f.time(row.gcMaxMs)}`}`;
  return [
    seg(` ${cell(name, NAME, f)} `, isChosen ? 'bold' : 'plain'),
    seg(cell(f.bar(row.busy ?? 0, BAR), BAR + 1, f), busy), seg(cell(row.busy === null ? f.dash : f.percent(row.busy), 5, f)),
    seg(`${cell(ticks, TICKS, f)} `, long), seg(`${gc}${!withHeap || row.heapMB === null ? '' : `, heap ${String(Math.round(row.heapMB))} MB`}`),
  ];
}

const STATE_STYLES: Record<LedgerPart['state'], Style> = { user: 'accent', gc: 'warn', kernel: 'bold', blocked: 'bad', 'run-queue': 'warn', idle: 'dim' };
const STATE_WORDS: Record<LedgerPart['state'], string> = {
  user: 'user code', gc: 'garbage collection', kernel: 'kernel', blocked: 'blocked', 'run-queue': 'waits for a CPU', idle: 'idle',
};

/** Where the time of the chosen thread goes. `rows` with the heads. */
export function ledgerRows(data: Data, look: Look, columns: number, rows: number, f: Figures): Line[] {
  const chosen = chosenThread(threadRows(data), look.thread);
  const ledger = data.report?.ledger;
  const thread = ledger?.threads.find((t) => t.tid === chosen?.tid && t.pid === chosen.pid);
  const whose = chosen ? ` of ${chosen.name} ${String(chosen.tid)}` : '';
  const source = !ledger || !thread ? '' : ledger.source === 'ebpf' ? ', in the window of the ledger' : ', from /proc so far';
  const head: Line = [seg(` where the time${whose} goes${source}`, 'dim')];
  if (!thread) return [head, [seg('  nothing judged yet', 'dim')]].slice(0, rows);
  const parts = [...thread.parts, ...thread.unaccountedShare > 0.005 ? [{ state: null, share: thread.unaccountedShare }] : []];
  const wide = Math.max(10, columns - LABEL_COLUMNS - 36);
  return [head, ...parts.slice(0, rows - 1).map((part): Line => {
    const name = part.state === null ? 'not accounted for' : `${STATE_WORDS[part.state]}${'syscall' in part && part.syscall !== undefined ? ` ${part.syscall}` : ''}`;
    return [
      seg(`  ${cell(name, 32, f)}`), seg(`${cell(f.percent(part.share), 5, f, true)} `),
      seg(f.bar(part.share, wide), part.state === null ? 'dim' : STATE_STYLES[part.state]),
    ];
  })];
}
