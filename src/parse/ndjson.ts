/** What our own recordings share: one JSON object a line, of which a killed process may have left half a line. */
export type Raw = Record<string, unknown>;

/** Null for a line that is cut, or anything but an object. */
export function objectOf(line: string): Raw | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export const isObject = (value: unknown): value is Raw => typeof value === 'object' && value !== null;

/** Whether all of these fields are numbers. */
export const numbers = (raw: Raw, ...names: string[]): boolean => names.every((name) => Number.isFinite(raw[name]));
