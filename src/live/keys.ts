import { chosenThread, threadRows } from './threads.js';
import { SORTS } from './tables.js';
import { TABS, threadKey, type LiveState, type Look, type Tab } from './types.js';

/** What a key asks of the run, not of the picture. */
export type Act = 'quit' | 'profile' | 'save' | 'redraw';

/** As blessed names it: `name` (`q`, `S-tab`, `C-c`), and what it types. */
export interface Key { name: string; char: string }

const MOST_FILTER = 60;

/** The keys, for the help; what they do is below. */
export const KEYS: readonly [keys: string, what: string][] = [
  ['q  Ctrl-C', 'end the run now, with a report of what was seen (twice: at once, without)'],
  ['?  h', 'this help'],
  ['p  Space', 'hold the picture; the run goes on'],
  ['Tab  1-4', 'which table: syscalls, failing paths, hot functions, findings'],
  ['s  S', 'sort the table by the next, the previous column'],
  ['/', 'show only rows with this text (Enter keeps it, Esc drops it)'],
  ['Up Down', 'scroll the table (PageUp, PageDown, Home)'],
  ['t  T', 'next, previous thread, for the bars'],
  [']  [', 'next, previous process'],
  ['c', 'take a CPU profile now, in a window of its own'],
  ['w', 'save the run (whyslow report shows it again)'],
  ['Ctrl-L', 'draw the screen anew'],
];

export function press(state: LiveState, key: Key): { state: LiveState; act?: Act } {
  if (key.name === 'C-c') return { state, act: 'quit' };
  if (state.look.typing) return { state: looked(state, typed(state.look, key)) };
  if (state.look.help && ['escape', 'enter', 'return', 'q', '?', 'h'].includes(key.name === '' ? key.char : key.name)) return { state: looked(state, { help: false }) };
  const change = CHANGES[key.char] ?? CHANGES[key.name];
  if (change) return { state: change(state) };
  const act = ACTS[key.char] ?? ACTS[key.name];
  return act ? { state, act } : { state };
}

const ACTS: Record<string, Act | undefined> = { 'q': 'quit', 'c': 'profile', 'w': 'save', 'C-l': 'redraw' };

const looked = (state: LiveState, more: Partial<Look>): LiveState => ({ ...state, look: { ...state.look, ...more } });

const CHANGES: Record<string, ((state: LiveState) => LiveState) | undefined> = {
  '?': (s) => looked(s, { help: true }),
  'h': (s) => looked(s, { help: true }),
  'p': paused, ' ': paused,
  'tab': (s) => onTab(s, TABS[(TABS.indexOf(s.look.tab) + 1) % TABS.length]),
  'S-tab': (s) => onTab(s, TABS[(TABS.indexOf(s.look.tab) + TABS.length - 1) % TABS.length]),
  ...Object.fromEntries(TABS.map((tab, i) => [String(i + 1), (s: LiveState) => onTab(s, tab)])),
  's': (s) => sorted(s, 1), 'S': (s) => sorted(s, -1),
  '/': (s) => looked(s, { typing: true }),
  'escape': (s) => looked(s, { filter: '', scroll: 0 }),
  'down': (s) => scrolled(s, 1), 'up': (s) => scrolled(s, -1),
  'pagedown': (s) => scrolled(s, 5), 'pageup': (s) => scrolled(s, -5), 'home': (s) => looked(s, { scroll: 0 }),
  't': (s) => onThread(s, 1), 'T': (s) => onThread(s, -1),
  ']': (s) => onProcess(s, 1), '[': (s) => onProcess(s, -1),
};

function paused(state: LiveState): LiveState {
  return { ...state, frozen: state.frozen === null ? state.data : null };
}

function onTab(state: LiveState, tab: Tab | undefined): LiveState {
  return tab ? looked(state, { tab, scroll: 0 }) : state;
}

function sorted(state: LiveState, step: number): LiveState {
  const { tab, sort } = state.look;
  const ways = SORTS[tab].length;
  return looked(state, { sort: { ...sort, [tab]: (sort[tab] + step + ways) % ways }, scroll: 0 });
}

const scrolled = (state: LiveState, rows: number): LiveState => looked(state, { scroll: Math.max(0, state.look.scroll + rows) });

/** Letters join the filter until Enter. */
function typed(look: Look, { name, char }: Key): Partial<Look> {
  if (name === 'enter' || name === 'return') return { typing: false };
  if (name === 'escape') return { typing: false, filter: '', scroll: 0 };
  if (name === 'backspace') return { filter: [...look.filter].slice(0, -1).join(''), scroll: 0 };
  const isText = char !== '' && !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(char);
  return isText ? { filter: (look.filter + char).slice(0, MOST_FILTER), scroll: 0 } : {};
}

function onThread(state: LiveState, step: number): LiveState {
  const rows = threadRows(state.frozen ?? state.data);
  const chosen = chosenThread(rows, state.look.thread);
  const next = chosen && rows[(rows.indexOf(chosen) + step + rows.length) % rows.length];
  return next ? looked(state, { thread: threadKey(next) }) : state;
}

/** To the first thread of the next process. */
function onProcess(state: LiveState, step: number): LiveState {
  const rows = threadRows(state.frozen ?? state.data);
  const pids = [...new Set(rows.map((row) => row.pid))];
  const chosen = chosenThread(rows, state.look.thread);
  const pid = chosen && pids[(pids.indexOf(chosen.pid) + step + pids.length) % pids.length];
  const next = rows.find((row) => row.pid === pid);
  return next ? looked(state, { thread: threadKey(next) }) : state;
}
