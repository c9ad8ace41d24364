import { loadRows, titleRow, verdictRows } from './head.js';
import { KEYS } from './keys.js';
import { fit, seg } from './lines.js';
import { tableRows, tabRow } from './table-panel.js';
import { ledgerRows, loopRows } from './threads-panel.js';
import { threadRows } from './threads.js';
import { TABS, type Data, type Figures, type Line, type LiveState } from './types.js';

/** From here on every table has room. */
const TALL_ROWS = 44;
/** Below this there is no picture. */
const LEAST = { columns: 50, rows: 14 };

export interface Size { columns: number; rows: number }

/** The whole screen: exactly `rows` rows of exactly `columns` columns. Pure. */
export function draw(state: LiveState, size: Size, figures: Figures): Line[] {
  const data = state.frozen ?? state.data;
  const { columns, rows } = size;
  const lines = columns < LEAST.columns || rows < LEAST.rows
    ? [[seg(`whyslow needs ${String(LEAST.columns)} columns and ${String(LEAST.rows)} rows; q quits`)]]
    : [
      titleRow(data, columns, state.frozen !== null, figures),
      ...filled(state.look.help ? help() : body(state, data, size, figures), rows - 2),
      footer(state),
    ];
  return filled(lines, rows).map((line) => fit(line, columns, figures));
}

const filled = (lines: Line[], rows: number): Line[] => [...lines, ...Array.from({ length: Math.max(0, rows - lines.length) }, (): Line => [])].slice(0, rows);

/**
 *   24 rows: title | load 2 | verdict 3 | threads 2-4 | bars 4-5 | tabs | the open table | keys
 */
function body({ look }: LiveState, data: Data, { columns, rows }: Size, f: Figures): Line[] {
  const isTall = rows >= TALL_ROWS;
  const threads = 1 + Math.min(Math.max(1, threadRows(data).length), isTall ? 6 : 2);
  const upper = [
    ...loadRows(data, columns, f), ...verdictRows(data, columns, f),
    ...filled(loopRows(data, look, columns, threads, f), threads),
    ...filled(ledgerRows(data, look, columns, isTall ? 8 : 5, f), isTall ? 8 : 5),
  ];
  const room = rows - 2 - upper.length - 1;
  if (!isTall) return [...upper, tabRow(look), ...tableRows(look.tab, data, look, columns, room, f)];
  const each = Math.floor(room / TABS.length);
  return [...upper, tabRow(look), ...TABS.flatMap((tab) => [
    [seg(` ${tab}`, tab === look.tab ? 'inverse' : 'bold')] as Line,
    ...filled(tableRows(tab, data, look, columns, each - 1, f), each - 1),
  ])];
}

function footer({ data, look }: LiveState): Line {
  if (look.typing) return [seg(' type what to look for; Enter keeps it, Esc drops it', 'inverse')];
  if (data.word !== '') return [seg(` ${data.word}`, 'warn')];
  return [seg(' q quit  ? help  p hold  Tab table  s sort  / find  t thread  c profile  w save', 'dim')];
}

const help = (): Line[] => [
  [], [seg('  Keys', 'bold')],
  ...KEYS.map(([keys, what]): Line => [seg(`  ${keys.padEnd(12)}`, 'accent'), seg(what)]),
  [],
  [seg('  Figures are of what has come so far; the report at the end is made of the whole run. The picture', 'dim')],
  [seg('  changes nothing in it: the probes and windows are the same.  q, ? or Esc: back', 'dim')],
];
