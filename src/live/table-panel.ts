import { cell, fit, seg } from './lines.js';
import { SORTS, tableOf } from './tables.js';
import { TABS, type Data, type Figures, type Line, type Look, type Tab } from './types.js';

/** Widest column but the last. */
const MOST_COLUMNS = 30;

/** The names of the tables, the one that is open among them. */
export function tabRow(look: Look): Line {
  const names = TABS.flatMap((tab, i) => [seg(` ${String(i + 1)} `, 'dim'), seg(tab, tab === look.tab ? 'inverse' : 'plain')]);
  const filter = look.typing || look.filter !== '' ? [seg(`  /${look.filter}${look.typing ? '_' : ''}`, 'warn')] : [];
  return [...names, seg(`  by ${SORTS[look.tab][look.sort[look.tab]] ?? ''}`, 'dim'), ...filter];
}

/** A table in so many rows, heads included; only the open one scrolls. */
export function tableRows(tab: Tab, data: Data, look: Look, columns: number, rows: number, f: Figures): Line[] {
  const table = tableOf(tab, data, look, f);
  if (table.rows.length === 0) return [[seg(`  ${table.empty}`, 'dim')]];
  const room = rows - 1;
  const first = tab === look.tab ? Math.max(0, Math.min(look.scroll, table.rows.length - room)) : 0;
  const shown = table.rows.slice(first, first + room);
  const last = table.heads.length - 1;
  const wide = table.heads.map((head, i) => Math.min(MOST_COLUMNS, Math.max(f.width(head), ...shown.map(({ cells }) => f.width(cells[i] ?? '')))));
  const used = wide.slice(0, -1).reduce((sum, w) => sum + w + 2, 2);
  const text = (cells: readonly string[]): string => `  ${cells.map((one, i) => (i === last ? f.cut(one, Math.max(8, columns - used)) : cell(one, wide[i] ?? 0, f))).join('  ')}`;
  const beyond = table.rows.length - shown.length;
  const note = [table.note, beyond > 0 ? `${String(beyond)} more rows` : ''].filter((part) => part !== '').join('; ');
  return [
    fit([seg(text(table.heads), 'dim'), seg(note === '' ? '' : `  (${note})`, 'dim')], columns, f),
    ...shown.map(({ cells, style }) => [seg(text(cells), style)]),
  ];
}
