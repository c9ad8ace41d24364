/**
 * Draws every flame graph of the page it stands in (see ../flame-fragment.ts for the markup).
 * Bundled into one script by scripts/build-pages.mjs; nothing of it runs in Node.
 */
import flamegraph, { type Placed } from 'd3-flame-graph';
import { select } from 'd3-selection';
import { diffColor } from '../flame-colors.js';
import type { FlameData } from '../flame-data.js';
import { percent, timesInWords } from '../flame-words.js';
import { label, neighbour, nodeOf } from './keys.js';
import { search } from './search.js';
import { makeTip } from './tip.js';
import { unpack, type FlameItem } from './tree.js';

const ROW_PX = 20;
/** Narrower frames are not drawn: half a pixel cannot be seen, and a hundred thousand of them would be slow. */
const LEAST_PX = 0.5;
/** Typing goes on before this is over. */
const TYPING_MS = 150;

function part<E extends Element>(root: Element, name: string): E {
  const found = root.querySelector<E>(`.flame-${name}`);
  if (!found) throw new Error(`the flame graph's markup has no .flame-${name}`);
  return found;
}

function draw(root: HTMLElement): void {
  const data = JSON.parse(part(root, 'data').textContent ?? '') as FlameData;
  const [host, reset, found] = [part<HTMLElement>(root, 'chart'), part<HTMLButtonElement>(root, 'reset'), part<HTMLOutputElement>(root, 'found')];
  const top = unpack(data);
  const perUnit = { now: data.scale.units > 0 ? 1 / data.scale.units : 0, other: data.scale.otherUnits > 0 ? 1 / data.scale.otherUnits : 0 };
  const whole = Math.max(top.totalUs * perUnit.now, top.otherTotalUs * perUnit.other);

  const place = ({ frame }: FlameItem): string => {
    const [, , file = -1, line = 0] = data.frames[frame] ?? [];
    return file < 0 ? '' : `${data.files[file] ?? ''}${line > 0 ? `:${line}` : ''}`;
  };
  const words = ({ data: item }: Placed): string[] => {
    const [name = '', kind = 0, , , tier = -1] = data.frames[item.frame] ?? [];
    return [
      name, ...[place(item)].filter(Boolean), [data.kinds[kind], data.tiers[tier]].filter(Boolean).join(', '),
      ...timesInWords({ ...item, wholeUs: top.totalUs }, data.scale, data.diff),
    ];
  };
  const color = ({ data: item }: Placed): string => (data.diff
    ? diffColor(item.totalUs * perUnit.now, item.otherTotalUs * perUnit.other, whole)
    : data.colors[data.frames[item.frame]?.[1] ?? 0] ?? '');

  const tip = makeTip(root);
  const tooltip = Object.assign(() => undefined, {
    show: (event: MouseEvent, node: Placed) => tip.show(words(node), event.clientX, event.clientY),
    hide: tip.hide,
  });
  let shown = new Map<Placed, SVGGElement>();
  let zoomed = false;

  const chart = flamegraph().width(host.clientWidth).cellHeight(ROW_PX).minFrameSize(LEAST_PX).inverted(true).transitionDuration(0)
    .resetHeightOnZoom(true).tooltip(tooltip).setLabelHandler((node) => words(node).join('. ')).setColorMapper(color)
    .setDetailsHandler(() => undefined).onClick((node) => after(node.parent !== null));
  select(host).datum(top).call(chart);
  const placed = select(host).datum<Placed>();
  after(false);

  function after(isZoomed: boolean): void {
    zoomed = isZoomed;
    reset.disabled = !zoomed;
    shown = label(host, (node) => words(node).join('. '));
    for (const [node, frame] of shown) frame.classList.toggle('flame-hit', node.highlight === true);
  }
  function update(): void {
    chart.update();
    after(zoomed);
  }
  function focus(frame: SVGGElement | null): void {
    if (!frame) return;
    host.querySelector('g.frame[tabindex="0"]')?.setAttribute('tabindex', '-1');
    frame.setAttribute('tabindex', '0');
    frame.focus();
  }

  reset.addEventListener('click', () => chart.resetZoom());
  host.addEventListener('keydown', (event) => {
    const frame = (event.target as Element).closest<SVGGElement>('g.frame');
    if (!frame || event.ctrlKey || event.metaKey || event.altKey) return;
    const node = nodeOf(frame);
    if (event.key === 'Enter' || event.key === ' ') chart.zoomTo(node);
    else if (event.key === 'Escape') chart.resetZoom();
    else if (event.key.startsWith('Arrow')) focus(neighbour(node, event.key, shown));
    else return;
    event.preventDefault();
  });
  host.addEventListener('focusin', (event) => {
    const frame = (event.target as Element).closest<SVGGElement>('g.frame');
    if (!frame?.matches(':focus-visible')) return;
    const { left, bottom } = frame.getBoundingClientRect();
    tip.show(words(nodeOf(frame)), Math.max(0, left), bottom);
  });
  host.addEventListener('focusout', tip.hide);

  const input = part<HTMLInputElement>(root, 'search');
  let typing = 0;
  const find = (): ReturnType<typeof search> => {
    const result = search(placed, data, input.value.trim());
    root.classList.toggle('flame-searching', input.value.trim() !== '');
    found.textContent = input.value.trim() === '' ? '' : `${result.frames} ${result.frames === 1 ? 'frame' : 'frames'}, ${percent(top.v > 0 ? result.us / top.v : 0)}`;
    update();
    return result;
  };
  input.addEventListener('input', () => {
    clearTimeout(typing);
    typing = window.setTimeout(find, TYPING_MS);
  });
  input.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') input.value = '';
    if (key !== 'Enter' && key !== 'Escape') return;
    clearTimeout(typing);
    const { widest } = find();
    if (key === 'Enter' && widest) chart.zoomTo(widest);
  });

  root.querySelector<HTMLButtonElement>('.flame-swap')?.addEventListener('click', ({ currentTarget }) => {
    const button = currentTarget as HTMLButtonElement;
    const isOther = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(isOther));
    const open: FlameItem[] = [top];
    for (let item = open.pop(); item; item = open.pop()) {
      item.v = isOther ? item.otherTotalUs : item.totalUs;
      open.push(...item.c);
    }
    update();
  });

  let width = host.clientWidth;
  new ResizeObserver(() => {
    if (host.clientWidth === width || host.clientWidth === 0) return;
    width = host.clientWidth;
    chart.width(width);
    update();
  }).observe(host);
}

for (const root of document.querySelectorAll<HTMLElement>('[data-flame]')) {
  root.removeAttribute('data-flame');
  draw(root);
}
