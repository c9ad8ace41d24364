/** The box beside the pointer or the focused frame. Everything in it is text. */
const GAP_PX = 12;

export interface Tip {
  show(lines: string[], x: number, y: number): void;
  hide(): void;
}

export function makeTip(host: Element): Tip {
  const box = document.createElement('div');
  box.className = 'flame-tip';
  box.setAttribute('role', 'tooltip');
  box.hidden = true;
  host.append(box);
  return {
    show(lines, x, y) {
      box.replaceChildren(...lines.map((line) => {
        const row = document.createElement('div');
        row.textContent = line;
        return row;
      }));
      box.hidden = false;
      const { width, height } = box.getBoundingClientRect();
      const fits = (at: number, size: number, room: number): number => Math.max(0, at + GAP_PX + size > room ? at - GAP_PX - size : at + GAP_PX);
      box.style.left = `${fits(x, width, innerWidth)}px`;
      box.style.top = `${fits(y, height, innerHeight)}px`;
    },
    hide() { box.hidden = true; },
  };
}
