import type { Frame, Report } from '../types.js';
import { pathKey } from './state.js';
import type { Data, Figures, Look, Style, Tab } from './types.js';

/** A table ready to be drawn: what is long goes last and takes what is left of the row. */
export interface Table {
  heads: string[];
  rows: { cells: string[]; style: Style }[];
  /** Said where there are no rows. */
  empty: string;
  note: string;
}

/** Ways to sort, by table; the first one is how it begins. */
export const SORTS: Record<Tab, readonly string[]> = {
  'syscalls': ['time', 'calls', 'errors', 'name'],
  'failing paths': ['calls', 'newest', 'path'],
  'hot functions': ['self', 'total', 'name'],
  'findings': ['rank', 'cost', 'confidence'],
};

/** One of the tables, sorted and filtered as the user has it. */
export function tableOf(tab: Tab, data: Data, look: Look, figures: Figures): Table {
  const { report } = data;
  const sort = SORTS[tab][look.sort[tab]] ?? '';
  const table = report === null ? { ...NOTHING, empty: 'nothing was judged yet' } : MAKERS[tab](report, data, sort, figures);
  const wanted = look.filter.toLowerCase();
  const rows = table.rows.filter(({ cells }) => cells.some((cell) => cell.toLowerCase().includes(wanted)));
  return { ...table, rows, empty: table.rows.length > 0 ? `no row with "${look.filter}"` : table.empty };
}

type Maker = (report: Report, data: Data, sort: string, figures: Figures) => Table;

const NOTHING: Table = { heads: [], rows: [], empty: '', note: '' };

const MAKERS: Record<Tab, Maker> = { 'syscalls': syscalls, 'failing paths': failingPaths, 'hot functions': hotFunctions, 'findings': findings };

function syscalls(report: Report, _data: Data, sort: string, f: Figures): Table {
  const serving = report.syscalls.filter((c) => c.phase === 'serving');
  const shown = serving.length > 0 ? serving : report.syscalls;
  const errors = (c: Report['syscalls'][number]): number => Object.values(c.errors).reduce((sum, n) => sum + n, 0);
  const requests = (c: Report['syscalls'][number]): number | null => (c.perRequest ? c.calls / c.perRequest : null);
  const sorts: Record<string, (a: typeof shown[number], b: typeof shown[number]) => number> = {
    time: (a, b) => b.timeNs - a.timeNs, calls: (a, b) => b.calls - a.calls, errors: (a, b) => errors(b) - errors(a), name: (a, b) => a.name.localeCompare(b.name),
  };
  return {
    heads: ['syscall', serving.length > 0 ? 'a request' : 'calls', 'time', 'p99', 'errors'],
    note: serving.length > 0 ? '' : shown.length > 0 ? 'of the startup: those under load are counted in their own window' : '',
    empty: 'none seen yet: they are counted in a window of their own',
    rows: shown.toSorted(sorts[sort]).map((c) => {
      const n = requests(c);
      return {
        style: errors(c) > 0 ? 'warn' : 'plain',
        cells: [
          c.name, c.perRequest === null ? f.count(c.calls) : f.perRequest(c.perRequest),
          n === null ? f.time(c.timeNs / 1e6) : `${f.time(c.timeNs / 1e6 / n)}`, c.p99Ns === null ? f.dash : f.time(c.p99Ns / 1e6),
          Object.entries(c.errors).map(([errno, calls]) => `${errno} ${n === null ? f.count(calls) : f.perRequest(calls / n)}`).join(' '),
        ],
      };
    }),
  };
}

function failingPaths(report: Report, data: Data, sort: string, f: Figures): Table {
  const serving = report.failedPaths.filter((p) => p.phase === 'serving');
  const shown = serving.length > 0 ? serving : report.failedPaths;
  const seen = (p: typeof shown[number]): number => data.pathsSeen.get(pathKey(p)) ?? 0;
  const sorts: Record<string, (a: typeof shown[number], b: typeof shown[number]) => number> = {
    calls: (a, b) => b.calls - a.calls, newest: (a, b) => seen(b) - seen(a) || b.calls - a.calls, path: (a, b) => a.path.localeCompare(b.path),
  };
  return {
    heads: ['errno', serving.length > 0 ? 'a request' : 'calls', 'syscall', 'path'],
    note: serving.length === 0 && shown.length > 0 ? 'of the startup: none under load so far' : '',
    empty: 'none so far',
    rows: shown.toSorted(sorts[sort]).map((p) => ({
      // What has come with the last judgement stands out.
      style: seen(p) === data.judgements ? 'accent' : 'plain',
      cells: [p.errno, p.perRequest === null ? f.count(p.calls) : f.perRequest(p.perRequest), p.syscall, p.path],
    })),
  };
}

const place = ({ file, line }: Frame): string => (file === null ? '' : `${file}${line === null ? '' : `:${line}`}`);

function hotFunctions(report: Report, _data: Data, sort: string, f: Figures): Table {
  const sorts: Record<string, (a: Report['hotFunctions'][number], b: Report['hotFunctions'][number]) => number> = {
    self: (a, b) => b.selfShare - a.selfShare, total: (a, b) => b.totalShare - a.totalShare, name: (a, b) => a.frame.name.localeCompare(b.frame.name),
  };
  return {
    heads: ['self', 'total', 'function', 'where'],
    note: '',
    empty: 'no profile yet: it has a window of its own, or press c',
    rows: report.hotFunctions.toSorted(sorts[sort]).map(({ frame, selfShare, totalShare }) => ({
      style: frame.origin === 'app' ? 'bold' : 'plain',
      cells: [f.percent(selfShare), f.percent(totalShare), frame.name, place(frame)],
    })),
  };
}

function findings(report: Report, data: Data, sort: string, f: Figures): Table {
  const sorts: Record<string, ((a: Report['findings'][number], b: Report['findings'][number]) => number) | undefined> = {
    cost: (a, b) => b.cost.share - a.cost.share, confidence: (a, b) => b.confidence - a.confidence,
  };
  const by = sorts[sort];
  const shown = data.measured ? report.findings : [];
  return {
    heads: ['sure', 'cost', 'finding', 'summary'],
    note: '',
    empty: 'nothing is judged before the load is measured',
    rows: (by ? shown.toSorted(by) : shown).map((one) => ({
      style: 'plain', cells: [f.percent(one.confidence), f.percent(one.cost.share), one.id, one.summary],
    })),
  };
}
