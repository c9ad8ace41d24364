import { nowNs, SLICE_MS } from './load-file.js';

/** A slice younger than this goes on: too few answers to make a rate, ms. */
const LEAST_MS = 20;

/** Asks a generator's process to cut now. */
export const CUT = 'cut';

/** Cuts the load's time into slices: by the clock, anew after each cut that is asked for. */
export interface Slicer {
  /** Now, unless the slice has just begun. */
  cut(): void;
  /** The last slice. */
  end(): void;
}

/**
 *   |--- 250 ms ---|--- 250 ms ---|-- cut --|--- 250 ms ---|
 */
export function slicer(beginNs: number, onSlice: (endNs: number) => void): Slicer {
  let sinceNs = beginNs;
  let timer = setInterval(tick, SLICE_MS);
  function tick(): void {
    sinceNs = nowNs();
    onSlice(sinceNs);
  }
  return {
    cut() {
      if (nowNs() - sinceNs < LEAST_MS * 1e6) return;
      clearInterval(timer);
      tick();
      timer = setInterval(tick, SLICE_MS);
    },
    end() {
      clearInterval(timer);
      tick();
    },
  };
}
