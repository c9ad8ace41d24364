'use strict';

/** All charts of the timeline. One clock: each knows what part of it is shown, and where the cursor stands, from zoom.js. */
const timelineText = byId('timeline-data')?.textContent ?? null;
/** @type {TimelineData} */
const timeline = timelineText === null ? { endS: 0, windows: [], charts: [], stalls: [] } : JSON.parse(timelineText);

const CHART_HEIGHT_PX = 116;
/** Room for the ticks of an axis; the same for all, so that moments stand below each other. */
const AXIS_PX = 58;
const RIGHT_PX = 12;
/** A stall of a few ms on a long clock must still be seen, and hit. */
const LEAST_STALL_PX = 3;
const COLORS = ['--c1', '--c2', '--c3', '--c4', '--c5', '--c6', '--c7', '--c8'];

/** @type {{ selected: number | null }} */
const stallState = { selected: null };

/** As the style sheet has it now: light or dark, screen or paper. @param {string} name */
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param {uPlot} plot @param {number} fromS @param {number} toS @returns {[leftPx: number, widthPx: number] | null} */
function span(plot, fromS, toS) {
  const { min = 0, max = 1 } = /** @type {uPlot.Scale} */ (plot.scales['x']);
  if (toS < min || fromS > max) return null;
  const left = plot.valToPos(Math.max(fromS, min), 'x', true);
  return [left, plot.valToPos(Math.min(toS, max), 'x', true) - left];
}

/** Behind the lines: windows as bands. @param {uPlot} plot */
function drawWindows(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const { kind, fromS, toS } of timeline.windows) {
    const at = span(plot, fromS, toS);
    if (!at) continue;
    ctx.fillStyle = color(`--w-${kind}`);
    ctx.fillRect(at[0], bbox.top, at[1], bbox.height);
  }
  ctx.restore();
}

/** In the chart of the loop, stalls as blocks as high as they are long; in all others, as marks. @param {uPlot} plot @param {boolean} blocks */
function drawStalls(plot, blocks) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  timeline.stalls.forEach(({ fromS, toS, ms }, i) => {
    const at = span(plot, fromS, toS);
    const chosen = stallState.selected === i;
    if (!at || !(blocks || chosen)) return;
    const width = Math.max(at[1], LEAST_STALL_PX * devicePixelRatio);
    const top = blocks ? plot.valToPos(ms, 'y', true) : bbox.top;
    ctx.fillStyle = color(!blocks ? '--stall-band' : chosen ? '--stall-chosen' : '--stall');
    ctx.fillRect(at[0], top, width, bbox.top + bbox.height - top);
  });
  ctx.restore();
}

/**
 * Steps of one series, each stretch by itself: uPlot's own leave a mark where a line begins again after a gap.
 * @param {ChartSeries} series @returns {uPlot.Series.PathBuilder}
 */
const steps = ({ x, y }) => (plot) => {
  const [stroke, fill] = [new Path2D(), new Path2D()];
  const floor = plot.valToPos(0, 'y', true);
  let before = 0;
  let open = false;
  x.forEach((s, i) => {
    const value = y[i] ?? null;
    const left = plot.valToPos(s, 'x', true);
    if (value === null) {
      if (open) fill.lineTo(before, floor);
      open = false;
      return;
    }
    const top = plot.valToPos(value, 'y', true);
    if (!open) {
      stroke.moveTo(left, top);
      fill.moveTo(left, floor);
    } else {
      const last = plot.valToPos(y[i - 1] ?? 0, 'y', true);
      stroke.lineTo(left, last);
      fill.lineTo(left, last);
    }
    stroke.lineTo(left, top);
    fill.lineTo(left, top);
    [before, open] = [left, true];
  });
  return { stroke, fill, flags: 1 };
};

/** @param {ChartSpec} spec @param {number} width @returns {uPlot.Options} */
function optionsOf(spec, width) {
  const blocks = spec.id === 'loop';
  const axis = { stroke: () => color('--muted'), grid: { stroke: () => color('--grid'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
  const highest = blocks ? timeline.stalls.reduce((most, { ms }) => Math.max(most, ms), 0) : 0;
  return {
    width, height: CHART_HEIGHT_PX, padding: [6, RIGHT_PX, 0, 0], legend: { show: false },
    scales: { x: { time: false }, y: { range: (_, __, max) => [0, Math.max(max ?? 0, highest, spec.unit === 'sockets' || spec.unit === 'a second' ? 1 : 1e-9) * 1.08] } },
    axes: [
      { ...axis, size: 22, space: 70, values: (_, ticks) => ticks.map((s) => `${+s.toFixed(4)} s`) },
      { ...axis, size: AXIS_PX, space: 26, values: (_, ticks) => ticks.map((v) => tickText(v, spec.unit)) },
    ],
    series: [{}, ...spec.series.map((one, i) => ({
      label: one.label, stroke: () => color(COLORS[i % COLORS.length] ?? '--c1'), width: 1.5,
      ...(one.kind === 'looks' ? { spanGaps: true, points: { show: true, size: 4 } } : { paths: steps(one), points: { show: false } }),
      ...(spec.series.length === 1 && one.kind === 'slices' ? { fill: () => color('--c1-fill') } : {}),
    }))],
    cursor: { y: false, sync: { key: 'clock', setSeries: false, filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' } }, drag: { x: true, y: false, setScale: false }, points: { show: false } },
    hooks: { drawClear: [drawWindows], draw: [(plot) => drawStalls(plot, blocks)] },
  };
}

/** Series have clocks of their own; where one stops the others go on. @param {ChartSpec} spec @returns {uPlot.AlignedData} */
const alignedData = (spec) => uPlot.join(spec.series.map(({ x, y }) => /** @type {uPlot.AlignedData} */ ([x, y])), spec.series.map(() => [1, 2]));

/** What stood at a moment; null where nobody looked. @param {ChartSeries} series @param {number} atS */
function valueAt({ x, y, kind }, atS) {
  let low = 0;
  let high = x.length - 1;
  if (x.length === 0 || atS < (x[0] ?? 0)) return null;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((x[middle] ?? 0) <= atS) low = middle;
    else high = middle - 1;
  }
  return kind === 'looks' && low === x.length - 1 && atS > (x[low] ?? 0) + 1 ? null : y[low] ?? null;
}

/** In words, for who does not see the lines. @param {ChartSpec} spec */
const inWords = ({ title, unit, series }) => `${title}. ${series.map(({ label, y }) => {
  const known = y.filter((v) => v !== null);
  return `${label}: ${figureText(Math.min(...known), unit)} to ${figureText(Math.max(...known), unit)}`;
}).join('; ')}`;

/** @param {ChartSpec} spec @param {HTMLElement} parent @returns {Drawn} */
function draw(spec, parent) {
  const values = spec.series.map(() => element('output', ''));
  const legend = spec.series.map(({ label }, i) => element('span', `key k${(i % COLORS.length) + 1}`, label, ' ', /** @type {Node} */ (values[i])));
  const figure = element('figure', 'chart', element('figcaption', '', element('strong', '', spec.title), ...legend));
  figure.id = `chart-${spec.id}`;
  figure.tabIndex = 0;
  figure.setAttribute('role', 'group');
  figure.setAttribute('aria-label', inWords(spec));
  parent.append(figure);
  return { spec, figure, values, plot: new uPlot(optionsOf(spec, parent.clientWidth), alignedData(spec), figure) };
}
