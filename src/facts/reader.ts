import { NoData } from '../errors.js';
import type { Fact, FactReader, Gathered, Run } from '../types.js';

/** Reads facts of one run: each computed once, a missing one an error value that travels to whoever needs it. */
export function factReader(run: Run): FactReader {
  const known = new Map<string, Gathered<unknown>>();
  const read: FactReader = <T>(fact: Fact<T>): Gathered<T> => {
    const cached = known.get(fact.name);
    if (cached) return cached as Gathered<T>;
    const result = attempt(fact, run, read);
    known.set(fact.name, result);
    return result;
  };
  return read;
}

function attempt<T>(fact: Fact<T>, run: Run, read: FactReader): Gathered<T> {
  try {
    return { ok: true, value: fact.compute(run, read) };
  } catch (error) {
    if (error instanceof NoData) return { ok: false, reason: error.message, ...(error.enable ? { enable: error.enable } : {}) };
    throw error;
  }
}

/** For facts that cannot do without another one: its value, or its reason passed on. */
export function need<T>(gathered: Gathered<T>): T {
  if (gathered.ok) return gathered.value;
  throw new NoData(gathered.reason, gathered.enable);
}
