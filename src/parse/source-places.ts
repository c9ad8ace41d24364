/**
 * Reads source-places.<pid>.<tid>.json: where functions of a V8 profile stand in the sources that they were compiled from, as
 * src/gather/source-places.ts found it by their source maps while the server ran.
 *
 *   [{"url":"file:///app/dist/main.js","line":0,"column":9120,"source":"/app/src/orders.ts","sourceLine":40,"name":"priceOf"}]
 */
import type { SourcePlace } from '../types.js';
import type { CallFrame } from './frame.js';

/** A place of a profile -> the same in the sources; itself where no map told. */
export type Sources = (frame: CallFrame) => CallFrame;

export function parseSourcePlaces(texts: readonly string[]): Sources {
  const places = new Map<string, SourcePlace>();
  for (const place of texts.flatMap(placesOf)) places.set(keyOf(place.url, place.line, place.column), place);
  return (frame) => {
    const place = places.get(keyOf(frame.url, frame.lineNumber, frame.columnNumber));
    return place ? { functionName: place.name ?? frame.functionName, url: place.source, lineNumber: place.sourceLine, columnNumber: 0 } : frame;
  };
}

const keyOf = (url: string, line: number, column: number): string => `${url}\n${String(line)}:${String(column)}`;

function placesOf(text: string): SourcePlace[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter(isPlace) : [];
  } catch {
    return [];
  }
}

function isPlace(value: unknown): value is SourcePlace {
  const { url, line, column, source, sourceLine, name } = (value ?? {}) as Partial<SourcePlace>;
  return typeof url === 'string' && Number.isInteger(line) && Number.isInteger(column) && typeof source === 'string' && Number.isInteger(sourceLine) && (name === null || typeof name === 'string');
}
