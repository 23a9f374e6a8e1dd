'use strict';
// What several pages need: data of the page, colours of the theme, charts, tables that can be sorted and filtered.
(() => {
  const autotrain = (window.autotrain = window.autotrain || {});

  autotrain.data = id => JSON.parse(document.getElementById(id).textContent);

  // Plotly reads a little HTML in texts; what a table says must stay text.
  autotrain.plain = text =>
    String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/%\{/g, '% {');

  autotrain.wrapped = (text, width = 70) => {
    const lines = [''];
    for (const word of String(text).slice(0, 600).split(/\s+/)) {
      for (let at = 0; at === 0 || at < word.length; at += width) {
        const part = word.slice(at, at + width);
        const last = lines.length - 1;
        if (lines[last] && lines[last].length + part.length + 1 > width) lines.push(part);
        else lines[last] += (lines[last] ? ' ' : '') + part;
      }
    }
    return lines.map(autotrain.plain).join('<br>');
  };

  const variable = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  autotrain.theme = () => ({
    text: variable('--text'),
    muted: variable('--muted'),
    line: variable('--line'),
    panel: variable('--panel'),
    progress: variable('--progress'),
    rollback: variable('--rollback'),
    stay: variable('--stay'),
  });

  const axis = (theme, given) => ({
    gridcolor: theme.line,
    linecolor: theme.line,
    zerolinecolor: theme.line,
    automargin: true,
    ...given,
  });

  // Draws now and when the theme changes; `make` gives traces and a layout for a theme. Returns what draws again.
  autotrain.chart = (element, make, bar = true) => {
    const draw = () => {
      if (!element.isConnected) return Promise.resolve();
      const theme = autotrain.theme();
      const { traces, layout } = make(theme);
      const { xaxis, yaxis, ...others } = layout;
      element.style.height = `${layout.height}px`; // which Plotly asks for when the window changes
      const whole = {
        paper_bgcolor: theme.panel,
        plot_bgcolor: theme.panel,
        font: { color: theme.text, size: 13 },
        margin: { l: 60, r: 20, t: 16, b: 48 },
        hoverlabel: { align: 'left', bgcolor: theme.panel, bordercolor: theme.muted, font: { color: theme.text } },
        legend: { orientation: 'h', y: 1.02, yanchor: 'bottom', x: 0 },
        ...others,
        xaxis: axis(theme, xaxis),
        yaxis: axis(theme, yaxis),
      };
      return Plotly.react(element, traces, whole, {
        responsive: true,
        displaylogo: false,
        modeBarButtons: bar ? [['toImage', 'zoom2d', 'pan2d', 'resetScale2d']] : false,
        displayModeBar: bar ? 'hover' : false,
      });
    };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
    draw.ready = draw();
    return draw;
  };

  // Calls `draw` for every element once it comes near to the part of the page that is seen, and for all before printing.
  // One at a time, so that what was drawn first can be seen before the next is begun.
  autotrain.inTime = (draw, margin) => {
    const waiting = new Set();
    const near = [];
    const take = element => {
      if (waiting.delete(element)) {
        watcher.unobserve(element);
        draw(element);
      }
    };
    const next = () => {
      if (near.length) take(near.shift());
      if (near.length) setTimeout(next);
    };
    const watcher = new IntersectionObserver(
      entries => {
        const idle = !near.length;
        near.push(...entries.filter(each => each.isIntersecting).map(each => each.target));
        if (idle) next();
      },
      { rootMargin: margin },
    );
    const all = () => [...waiting].forEach(take);
    addEventListener('beforeprint', all);
    return {
      add: element => {
        waiting.add(element);
        watcher.observe(element);
      },
      stop: () => {
        watcher.disconnect();
        near.length = 0;
        removeEventListener('beforeprint', all);
      },
    };
  };

  // Shares of mice that have arrived somewhere after how many sessions, in steps, with the limits of each share.
  const corners = (points, followed) => {
    const found = [[0, 0, 0, 0]];
    for (const point of points) found.push([point[0], ...found[found.length - 1].slice(1)], point);
    return [...found, [Math.max(followed, found[found.length - 1][0]), ...found[found.length - 1].slice(1)]];
  };
  autotrain.arrivals = (element, curves, title) => {
    const order = theme => [theme.rollback, theme.progress, theme.stay];
    const make = theme => ({
      traces: curves().flatMap((each, place, all) => {
        const colour = all.length === 1 ? theme.progress : order(theme)[place % 3];
        const steps = corners(each.points, each.followed);
        const back = [...steps].reverse();
        const x = steps.map(p => p[0]);
        const area = {
          x: [...x, ...back.map(p => p[0])],
          y: [...steps.map(p => p[3]), ...back.map(p => p[2])],
          fill: 'toself',
          fillcolor: colour,
          opacity: 0.14,
          line: { width: 0 },
          hoverinfo: 'skip',
          showlegend: false,
          mode: 'lines',
        };
        const line = {
          x,
          y: steps.map(p => p[1]),
          mode: 'lines',
          line: { color: colour, width: 2.5, dash: place > 2 ? 'dot' : 'solid' },
          name: `${autotrain.plain(each.name)} (${each.arrived} of ${each.mice} mice)`,
          hovertemplate: '%{y:.0%} after %{x} sessions<extra>' + autotrain.plain(each.name) + '</extra>',
        };
        return [area, line];
      }),
      layout: {
        height: 400,
        hovermode: 'closest',
        showlegend: true,
        margin: { l: 60, r: 20, t: 16, b: 56 },
        xaxis: {
          title: { text: 'sessions', standoff: 8 },
          rangemode: 'tozero',
          ...(Math.max(...curves().map(each => each.followed)) < 8 ? { dtick: 1 } : {}),
        },
        yaxis: { title: { text: autotrain.plain(title()) }, tickformat: '.0%', range: [0, 1.03] },
      },
    });
    return autotrain.chart(element, make);
  };

  // A table whose heads are buttons: sorted by what a cell's data-value or text says, numbers as numbers.
  const value = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
  };
  const before = (one, other) => {
    if (one === '' || other === '') return (one === '') - (other === ''); // nothing comes last, whichever way
    if (typeof one === 'number' && typeof other === 'number') return one - other;
    return String(one).localeCompare(String(other), undefined, { numeric: true });
  };
  autotrain.sortable = table => {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (head.dataset.sort === 'no') return;
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute('aria-sort', 'none');
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        heads.forEach(each => each.hasAttribute('aria-sort') && each.setAttribute('aria-sort', 'none'));
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const rows = [...table.tBodies[0].rows].map(row => [value(row, column), row]);
        rows.sort(([one], [other]) => (down && one !== '' && other !== '' ? before(other, one) : before(one, other)));
        table.tBodies[0].append(...rows.map(([, row]) => row));
      });
    });
  };
  document.querySelectorAll('table.sortable').forEach(autotrain.sortable);

  // What is opened by a link is open when one comes to it.
  const open = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = target && target.querySelector('details');
    if (details) details.open = true;
  };
  addEventListener('hashchange', open);
  open();
})();
