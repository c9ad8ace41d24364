'use strict';

/** What part of the clock all charts show; windows and stalls to jump to. */
const MOST_ZOOM_S = 0.02;
const STEP_SHARE = 0.25;
/** A click this near to a stall means it. */
const NEAR_PX = 8;

function startTimeline() {
  const parent = /** @type {HTMLElement} */ (byId('charts'));
  const tools = /** @type {HTMLElement} */ (byId('tools'));
  const windows = element('div', 'windows');
  parent.append(windows);
  const charts = timeline.charts.map((spec) => draw(spec, parent));
  let [fromS, toS] = [0, timeline.endS];
  const rangeText = element('output', 'range');

  /** @param {number} from @param {number} to */
  const show = (from, to) => {
    const length = Math.min(Math.max(to - from, MOST_ZOOM_S), timeline.endS);
    fromS = Math.min(Math.max(0, from), timeline.endS - length);
    toS = fromS + length;
    for (const { plot } of charts) plot.setScale('x', { min: fromS, max: toS });
    rangeText.textContent = `${fromS.toFixed(2)} to ${toS.toFixed(2)} s`;
    placeWindows();
  };
  /** @param {number} factor */
  const zoom = (factor) => { const middle = (fromS + toS) / 2; const half = ((toS - fromS) / 2) * factor; show(middle - half, middle + half); };
  /** @param {number} share */
  const move = (share) => show(fromS + (toS - fromS) * share, toS + (toS - fromS) * share);
  const all = () => show(0, timeline.endS);

  const windowButtons = timeline.windows.map((w) => {
    const button = element('button', `w-${w.kind}`, w.name);
    button.type = 'button';
    button.title = `${w.name}: ${w.fromS.toFixed(2)} to ${w.toS.toFixed(2)} s`;
    button.addEventListener('click', () => show(w.fromS, w.toS));
    windows.append(button);
    return button;
  });
  const placeWindows = () => {
    const width = parent.clientWidth - AXIS_PX - RIGHT_PX;
    timeline.windows.forEach((w, i) => {
      const button = windowButtons[i];
      const [left, right] = [w.fromS, w.toS].map((s) => Math.min(1, Math.max(0, (s - fromS) / (toS - fromS))) * width);
      if (!button || left === undefined || right === undefined) return;
      button.hidden = right - left < 1;
      button.style.left = `${AXIS_PX + left}px`;
      button.style.width = `${right - left}px`;
    });
  };

  const details = byId('stall-details');
  /** @param {number} i @param {Element | null} after where its details are shown: below the chart that was clicked, or above the table */
  const choose = (i, after) => {
    const stall = timeline.stalls[i];
    if (!stall || !details) return;
    for (const one of details.children) one.toggleAttribute('hidden', one.id !== `stall-${i}`);
    (after ?? byId('stalls'))?.after(details);
    stallState.selected = i;
    // Room on both sides, so that what led to it and what it did to others is seen as well.
    const room = Math.max(3 * (stall.toS - stall.fromS), 0.2);
    show(stall.fromS - room, stall.toS + room);
    for (const { plot } of charts) plot.redraw(false);
    details.scrollIntoView({ block: 'nearest' });
  };
  /** @param {number} step */
  const stepStall = (step) => {
    const middle = (fromS + toS) / 2;
    const next = stallState.selected === null ? timeline.stalls.findIndex((s) => s.toS > middle) : stallState.selected + step;
    const loopChart = byId('chart-loop');
    choose(Math.min(Math.max(next, 0), timeline.stalls.length - 1), loopChart);
  };
  for (const button of document.querySelectorAll('[data-stall]')) {
    button.addEventListener('click', () => choose(Number(/** @type {HTMLElement} */ (button).dataset['stall']), null));
  }

  for (const { plot, figure, spec, values } of charts) {
    const over = /** @type {HTMLElement} */ (plot.over);
    let downPx = 0;
    over.addEventListener('mousedown', (event) => { downPx = event.clientX; });
    over.addEventListener('dblclick', all);
    over.addEventListener('click', (event) => {
      if (spec.id !== 'loop' || Math.abs(event.clientX - downPx) > 3) return;
      const px = event.clientX - over.getBoundingClientRect().left;
      const distances = timeline.stalls.map(({ fromS: a, toS: b }) => Math.max(0, plot.valToPos(a, 'x') - px, px - plot.valToPos(b, 'x')));
      const nearest = distances.indexOf(Math.min(...distances));
      if ((distances[nearest] ?? Infinity) <= NEAR_PX) choose(nearest, figure);
    });
    plot.hooks.setSelect = [(u) => {
      if (u.select.width < 3) return;
      show(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'));
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    }];
    plot.hooks.setCursor = [(u) => {
      const { left = -1 } = u.cursor;
      spec.series.forEach((series, i) => {
        const value = left < 0 ? null : valueAt(series, u.posToVal(left, 'x'));
        const output = values[i];
        if (output) output.textContent = left < 0 ? '' : value === null ? 'not seen' : figureText(value, spec.unit);
      });
    }];
  }

  /** @type {[label: string, act: () => void][]} */
  const buttons = [
    ['Everything', all], ['Zoom in', () => zoom(0.5)], ['Zoom out', () => zoom(2)], ['Earlier', () => move(-STEP_SHARE)], ['Later', () => move(STEP_SHARE)],
    ...(timeline.stalls.length > 0 ? /** @type {[string, () => void][]} */ ([['Previous stall', () => stepStall(-1)], ['Next stall', () => stepStall(1)]]) : []),
  ];
  for (const [label, act] of buttons) {
    const button = element('button', '', label);
    button.type = 'button';
    button.addEventListener('click', act);
    tools.append(button);
  }
  tools.append(rangeText);
  tools.hidden = false;
  byId('hint')?.removeAttribute('hidden');
  parent.addEventListener('keydown', (event) => {
    /** @type {Record<string, () => void>} */
    const keys = { ArrowLeft: () => move(-STEP_SHARE), ArrowRight: () => move(STEP_SHARE), '+': () => zoom(0.5), '=': () => zoom(0.5), '-': () => zoom(2), 0: all };
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  let width = parent.clientWidth;
  const fit = () => {
    if (parent.clientWidth === width || parent.clientWidth === 0) return;
    width = parent.clientWidth;
    for (const { plot } of charts) plot.setSize({ width, height: CHART_HEIGHT_PX });
    placeWindows();
  };
  new ResizeObserver(fit).observe(parent);
  const repaint = () => { for (const { plot } of charts) plot.redraw(false); };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
  // Paper is light, whatever the screen is: the lines are drawn again for it.
  matchMedia('print').addEventListener('change', () => { fit(); repaint(); });
  all();
}

if (timeline.charts.length > 0) startTimeline();
