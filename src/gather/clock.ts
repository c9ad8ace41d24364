/** CLOCK_MONOTONIC, ns: the one clock of a run. */
export const monotonicNs = (): number => Number(process.hrtime.bigint());
