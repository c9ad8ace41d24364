/** What the page uses of d3-flame-graph 5, which has no types of its own, and of d3-selection. */
declare module 'd3-flame-graph' {
  import type { FlameItem } from './tree.js';

  /** A node as d3-hierarchy lays it out. */
  export interface Placed {
    data: FlameItem;
    parent: Placed | null;
    children?: Placed[];
    highlight?: boolean;
  }
  interface Tooltip {
    (): void;
    show(event: MouseEvent, node: Placed): void;
    hide(): void;
  }
  export interface Chart {
    (selection: unknown): void;
    width(px: number): Chart;
    cellHeight(px: number): Chart;
    minFrameSize(px: number): Chart;
    inverted(rootOnTop: boolean): Chart;
    transitionDuration(ms: number): Chart;
    resetHeightOnZoom(yes: boolean): Chart;
    tooltip(tip: Tooltip): Chart;
    setLabelHandler(label: (node: Placed) => string): Chart;
    setColorMapper(color: (node: Placed) => string): Chart;
    setDetailsHandler(show: () => void): Chart;
    onClick(done: (node: Placed) => void): Chart;
    resetZoom(): void;
    zoomTo(node: Placed): void;
    update(): void;
  }
  export default function flamegraph(): Chart;
}

declare module 'd3-selection' {
  export function select(element: Element): { datum<T>(): T; datum(value: unknown): { call(chart: unknown): void } };
}
