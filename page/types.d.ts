/** What src/report/html/charts.ts puts into the page. */
interface ChartSeries { label: string; kind: 'slices' | 'looks'; x: number[]; y: (number | null)[] }
interface ChartSpec { id: string; title: string; unit: string; series: ChartSeries[] }
interface TimelineData {
  endS: number;
  windows: { name: string; kind: 'clean' | 'heavy' | 'other'; fromS: number; toS: number }[];
  charts: ChartSpec[];
  stalls: { fromS: number; toS: number; ms: number }[];
}
/** A chart on the page. */
interface Drawn { spec: ChartSpec; plot: uPlot; figure: HTMLElement; values: HTMLElement[] }
