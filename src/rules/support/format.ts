import type { Frame } from '../../types.js';

/** Numbers as people read them; a figure never stands without its unit. */
export const percent = (share: number): string =>
  share > 0 && share < 0.0095 ? `${(share * 100).toFixed(1)}%` : `${Math.round(share * 100)}%`;

/** 0.016 ms, 0.4 ms, 43.6 ms, 1,250 ms. */
export const ms = (value: number): string => `${figure(value)} ms`;

/** Counts and rates: 0.02, 2.5, 2,300. */
export const count = (value: number): string => figure(value);

function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  if (size >= 1 || size === 0) return String(Number(value.toFixed(1)));
  return String(Number(value.toPrecision(2)));
}

/** Of a path: the last folders tell files of one name apart. */
const SHOWN_PARTS = 3;

/** `render (view/lib/render.js:12)`: the last folders are what people recognise a file by. */
export function frameName(frame: Frame): string {
  const name = frame.name === '' ? '(anonymous)' : frame.name;
  if (frame.file === null) return name;
  const path = frame.file.replace(/^file:\/\//, '');
  // /srv/app.js has three parts as well, the first of them empty.
  const short = path.split('/').filter((part) => part !== '').length > SHOWN_PARTS ? path.split('/').slice(-SHOWN_PARTS).join('/') : path;
  return frame.line === null ? `${name} (${short})` : `${name} (${short}:${frame.line})`;
}

/** `1 send`, `2 sends`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;
