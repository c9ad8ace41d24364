'use strict';

/** Tables that sort by a click on a head and filter as one types. Rows beyond the first are a button away. @param {HTMLElement} data */
function enliven(data) {
  const table = /** @type {HTMLTableElement} */ (data.querySelector('table'));
  const body = /** @type {HTMLTableSectionElement} */ (table.tBodies[0]);
  const first = Number(data.dataset.first);
  const name = table.caption?.textContent ?? '';
  const shown = element('p', 'dim count');
  shown.setAttribute('role', 'status');
  const more = element('button', '', '');
  more.type = 'button';
  const filter = element('input', '');
  let all = false;

  const show = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...body.rows];
    const hits = rows.filter((row) => words.every((word) => (row.textContent ?? '').toLowerCase().includes(word)));
    const seen = new Set(all || words.length > 0 ? hits : hits.slice(0, first));
    for (const row of rows) row.classList.toggle('more', !seen.has(row));
    shown.textContent = words.length > 0 ? `${hits.length} of ${rows.length}` : '';
    more.hidden = words.length > 0 || rows.length <= first;
    more.textContent = all ? `Show the first ${first}` : `Show all ${rows.length}`;
  };

  if (body.rows.length > 5) {
    filter.type = 'search';
    filter.placeholder = 'Filter';
    filter.setAttribute('aria-label', `Filter: ${name}`);
    filter.addEventListener('input', show);
    more.addEventListener('click', () => { all = !all; show(); });
    data.prepend(element('div', 'filter', filter, shown));
    data.append(more);
  }

  const heads = [...table.querySelectorAll('th[scope=col]')];
  heads.forEach((head, column) => {
    const button = element('button', '', ...head.childNodes);
    button.type = 'button';
    head.append(button);
    button.addEventListener('click', () => {
      const before = head.getAttribute('aria-sort');
      const descending = before === null ? head.classList.contains('n') : before === 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      const rows = [...body.rows].sort((a, b) => compare(a.cells[column], b.cells[column]) * (descending ? -1 : 1));
      body.append(...rows);
      show();
    });
  });
  show();
}

/** @param {HTMLTableCellElement | undefined} a @param {HTMLTableCellElement | undefined} b */
function compare(a, b) {
  const [x, y] = [a?.dataset.v, b?.dataset.v];
  if (x !== undefined || y !== undefined) return Number(x ?? -Infinity) - Number(y ?? -Infinity);
  return (a?.textContent ?? '').localeCompare(b?.textContent ?? '');
}

for (const data of document.querySelectorAll('.data')) enliven(/** @type {HTMLElement} */ (data));
