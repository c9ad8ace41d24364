import type { RenderOptions } from '../report/style.js';

interface Stream { isTTY?: boolean; columns?: number }

const PIPE_COLUMNS = 80;

/** How to draw on a stream: NO_COLOR (no-color.org), FORCE_COLOR, TERM, COLUMNS, and the locale. */
export function renderOptionsFor(stream: Stream, env: NodeJS.ProcessEnv, wantsColor: boolean): Required<RenderOptions> {
  return { width: columnsOf(stream, env), color: wantsColor && hasColor(stream, env), unicode: hasUnicode(env) };
}

function hasColor(stream: Stream, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR'] && env['FORCE_COLOR'] !== '0') return true;
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

function columnsOf(stream: Stream, env: NodeJS.ProcessEnv): number {
  if (stream.isTTY && stream.columns) return stream.columns;
  const columns = Number(env['COLUMNS']);
  return Number.isInteger(columns) && columns > 0 ? columns : PIPE_COLUMNS;
}

/** Containers often set no locale at all and sit behind a UTF-8 terminal: only a locale that says otherwise, or the kernel's console, counts. */
export function hasUnicode(env: NodeJS.ProcessEnv): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return locale ? /utf-?8/i.test(locale) : env['TERM'] !== 'linux';
}
