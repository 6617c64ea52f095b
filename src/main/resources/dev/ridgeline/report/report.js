'use strict';
(() => {
  document.documentElement.classList.add('script');

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Sorting and filtering

  const value = cell => {
    if (!cell || cell.colSpan > 1) return null;
    if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
    return cell.textContent.trim() || null;
  };

  // rows without a value are last in either direction
  const compare = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null);
    if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
    return sign * String(a).localeCompare(String(b), 'en', {numeric: true});
  };

  for (const tools of all('.tools')) {
    const table = document.getElementById(tools.dataset.for);
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const heads = all('thead th', table);
    const op = tools.querySelector('select.op');
    const find = tools.querySelector('input');
    const sortBy = tools.querySelector('select.sort');
    const count = tools.querySelector('output');

    const filter = () => {
      const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = Boolean(op.value) && row.dataset.op !== op.value || !words.every(w => text.includes(w));
      }
      const shown = rows.filter(row => !row.hidden).length;
      count.value = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
    };

    const sort = (column, direction) => {
      heads.forEach((head, i) => head.setAttribute('aria-sort', i === column ? direction : 'none'));
      sortBy.value = direction === 'none' ? '' : column;
      const sign = direction === 'descending' ? -1 : 1;
      const sorted = direction === 'none' ? rows
        : [...rows].sort((a, b) => compare(value(a.cells[column]), value(b.cells[column]), sign));
      body.append(...sorted);
    };

    op.addEventListener('change', filter);
    find.addEventListener('input', filter);
    sortBy.addEventListener('change', () => {
      const column = sortBy.value === '' ? -1 : Number(sortBy.value);
      sort(column, column < 0 ? 'none' : 'ascending');
    });
    heads.forEach((head, i) => head.querySelector('button').addEventListener('click', () => {
      const next = {none: 'ascending', ascending: 'descending', descending: 'none'};
      sort(i, next[head.getAttribute('aria-sort')]);
    }));
    filter();

    // a link from a plot to a row that is filtered out shows it
    addEventListener('hashchange', () => {
      const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (row && row.hidden && rows.includes(row)) {
        op.value = find.value = '';
        filter();
        row.scrollIntoView();
      }
    });
  }

  // Details on hover and focus

  const tip = document.getElementById('tip');
  const show = element => {
    tip.textContent = element.dataset.tip;
    tip.hidden = false;
    const at = element.getBoundingClientRect();
    const size = tip.getBoundingClientRect();
    const left = at.left + at.width / 2 - size.width / 2;
    const above = at.top - size.height - 8;
    tip.style.left = Math.max(6, Math.min(left, innerWidth - size.width - 6)) + 'px';
    tip.style.top = (above > 4 ? above : at.bottom + 8) + 'px';
  };
  const hide = () => { tip.hidden = true; };
  for (const element of all('[data-tip]')) {
    element.addEventListener('pointerenter', () => show(element));
    element.addEventListener('pointerleave', hide);
    element.addEventListener('focus', () => show(element));
    element.addEventListener('blur', hide);
  }
  addEventListener('scroll', hide, {passive: true});
  addEventListener('keydown', event => { if (event.key === 'Escape') hide(); });

  // A plot is one stop of the tab key; arrows go from point to point

  for (const plot of all('.plot .points')) {
    const points = all('.point', plot);
    points.forEach((point, i) => point.setAttribute('tabindex', i === 0 ? 0 : -1));
    plot.addEventListener('keydown', event => {
      const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
      const from = points.indexOf(document.activeElement);
      if (!step || from < 0) return;
      event.preventDefault();
      const next = points[(from + step + points.length) % points.length];
      points[from].setAttribute('tabindex', -1);
      next.setAttribute('tabindex', 0);
      next.focus();
    });
  }

  // The page is its own data file

  document.getElementById('save').addEventListener('click', () => {
    for (const result of all('script[type="application/json"]')) {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([result.textContent], {type: 'application/json'}));
      link.download = result.dataset.name.replace(/^.*[\\/]/, '').replace(/(\.json)?$/, '.json');
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    }
  });
})();
