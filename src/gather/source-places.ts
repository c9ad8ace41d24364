import { readFileSync, statSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourcePlace } from '../types.js';

/** Larger ones take seconds to read, while the server is under load. */
const MAX_BYTES = 20e6;

interface CallFrame { functionName: string; url: string; lineNumber: number; columnNumber: number }

/**
 * Where the functions of a V8 profile stand in the sources that they were made from: TypeScript, bundles, minified code. Looked
 * up while the files lie there, by the map beside a script or within it, and saved: a report on another day says the same.
 */
export function sourcePlaces(profileText: string, pid: number): SourcePlace[] {
  const { nodes } = JSON.parse(profileText) as { nodes: { callFrame: CallFrame }[] };
  const scripts = new Map<string, Script | null>();
  const places = new Map<string, SourcePlace>();
  for (const { callFrame } of nodes) {
    const { url, lineNumber: line, columnNumber: column } = callFrame;
    const key = `${url}\n${String(line)}:${String(column)}`;
    if (line < 0 || places.has(key)) continue;
    if (!scripts.has(url)) scripts.set(url, scriptOf(url, pid));
    const place = scripts.get(url)?.find(callFrame);
    if (place) places.set(key, { url, line, column, ...place });
  }
  return [...places.values()];
}

interface Script { find(at: CallFrame): Pick<SourcePlace, 'source' | 'sourceLine' | 'name'> | null }

function scriptOf(url: string, pid: number): Script | null {
  try {
    const file = url.startsWith('file://') ? fileURLToPath(url) : url;
    if (!path.isAbsolute(file)) return null;
    const text = readOf(file, pid);
    // The last one counts; a bundle may hold others in its texts.
    const link = [...text.slice(-MAX_BYTES).matchAll(/^[ \t]*\/\/[#@] sourceMappingURL=(\S+)[ \t]*$/gm)].at(-1)?.[1];
    if (link === undefined) return null;
    const data = /^data:application\/json[^,]*?(;base64)?,(.*)$/.exec(link);
    const mapFile = path.resolve(path.dirname(file), decodeURIComponent(data ? '' : link));
    const json = data ? (data[1] ? Buffer.from(data[2] ?? '', 'base64').toString('utf8') : decodeURIComponent(data[2] ?? '')) : readOf(mapFile, pid);
    const payload = JSON.parse(json) as SourceMapPayload;
    return mapped(new SourceMap(payload), text.split('\n'), data ? path.dirname(file) : path.dirname(mapFile), payload.sourceRoot ?? '');
  } catch {
    // No map, or none that can be read: the script stands for itself.
    return null;
  }
}

const mapped = (map: SourceMap, lines: readonly string[], dir: string, root: string): Script => ({
  find({ functionName, lineNumber, columnNumber }) {
    const entry = map.findEntry(lineNumber, columnNumber);
    if (!('originalSource' in entry) || typeof entry.originalSource !== 'string' || !Number.isInteger(entry.originalLine)) return null;
    return { source: absolute(dir, root, entry.originalSource), sourceLine: entry.originalLine, name: nameAt(map, lines, { functionName, lineNumber, columnNumber }) };
  },
});

/** V8 puts a function at its parameters: `function a|(b)`. Only what stands right before is its name. */
function nameAt(map: SourceMap, lines: readonly string[], { functionName, lineNumber, columnNumber }: Omit<CallFrame, 'url'>): string | null {
  const short = functionName.split('.').at(-1) ?? '';
  if (short === '' || !lines[lineNumber]?.slice(0, columnNumber).endsWith(short)) return null;
  const at = columnNumber - short.length;
  const entry = map.findEntry(lineNumber, at) as { name?: string; generatedColumn?: number };
  return entry.generatedColumn === at && entry.name ? entry.name : null;
}

/** Bundlers' own schemes (webpack://) stay as they are. */
function absolute(dir: string, root: string, source: string): string {
  const whole = root !== '' && !path.isAbsolute(source) && !/^[a-z-]+:/i.test(source) ? `${root.replace(/\/$/, '')}/${source}` : source;
  if (whole.startsWith('file://')) return fileURLToPath(whole);
  return /^[a-z-]+:/i.test(whole) ? whole : path.resolve(dir, whole);
}

/** As the process sees it: it may live in a container. */
function readOf(file: string, pid: number): string {
  const inside = `/proc/${String(pid)}/root${file}`;
  const at = sizeOf(inside) === null ? file : inside;
  if ((sizeOf(at) ?? Infinity) > MAX_BYTES) throw new Error('too large');
  return readFileSync(at, 'utf8');
}

function sizeOf(file: string): number | null {
  try {
    const stat = statSync(file);
    return stat.isFile() ? stat.size : null;
  } catch {
    return null;
  }
}
