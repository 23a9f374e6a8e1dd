'use strict';
// The colony: its progress chart in pieces that are drawn as they come into view, and the charts below it.
(() => {
  const { arrivals, chart, data, inTime, plain, wrapped } = window.autotrain;
  const colony = data('colony');
  const PIECE = 10; // mice in one chart: few enough to be drawn at once
  const MARKS = 2000; // and marks, of which one mouse may have more
  const ROW = 22; // pixels of a line
  const DECISIONS = ['STAY', 'PROGRESS', 'ROLLBACK'];
  const $ = id => document.getElementById(id);

  const rows = colony.mice.map(() => []);
  colony.mouse.forEach((mouse, row) => rows[mouse].push(row));
  const first = colony.mice.map((_, mouse) =>
    Math.min(...rows[mouse].map(row => colony.day[row]).filter(day => day >= 0)),
  );
  const time = colony.days.map(day => Date.parse(day + 'T00:00:00Z'));
  const label = stage => (stage < 0 ? 'not known' : colony.stages[stage].label);

  const where = {
    session: { title: 'session', of: row => colony.session[row] },
    date: { title: 'date', of: row => (colony.day[row] < 0 ? null : colony.days[colony.day[row]]) },
    days: {
      title: 'days since the first session',
      of: (row, mouse) => (colony.day[row] < 0 ? null : (time[colony.day[row]] - time[first[mouse]]) / 86400000),
    },
  };
  const number = (one, other) => one - other;
  const text = (one, other) => String(one).localeCompare(String(other), undefined, { numeric: true });
  const orders = {
    mouse: (a, b) => text(a.name, b.name),
    first: (a, b) => text(a.first || '9', b.first || '9'),
    last: (a, b) => text(b.last, a.last),
    progress: (a, b) => number(b.progress, a.progress) || number(a.sessions, b.sessions),
  };

  const told = row => {
    const overridden = colony.overridden[row];
    const loop = colony.closed[row] === 1 ? 'closed loop' : colony.closed[row] === 0 ? 'open loop' : '';
    const values = colony.metrics.map(({ name, title, unit }) => {
      const value = colony.values[name][row];
      return `${plain(title)}: ${value === null ? 'missing' : value}${unit && value !== null ? ' ' + plain(unit) : ''}`;
    });
    const decision = colony.decision[row] < 0 ? '' : DECISIONS[colony.decision[row]];
    const lines = [
      `<b>${plain(colony.mice[colony.mouse[row]].name)}, session ${colony.session[row]}</b>` +
        (colony.day[row] < 0 ? '' : `  ${colony.days[colony.day[row]]}`),
      colony.curriculum[row] < 0 ? '' : plain(colony.curriculums[colony.curriculum[row]]),
      `ran ${plain(label(colony.actual[row]))}` +
        (colony.count[row] === null ? '' : `, session ${colony.count[row]} there`) +
        (loop ? ` (${loop})` : ''),
      overridden ? `<b>overridden by the trainer</b>; suggested was ${plain(label(colony.suggested[row]))}` : '',
      ...values,
      `<b>${decision}</b>` + (colony.next[row] === colony.actual[row] ? '' : ` to ${plain(label(colony.next[row]))}`),
      wrapped(colony.reasons[colony.reason[row]] || ''),
    ];
    return lines.filter(line => line).join('<br>');
  };
  const colour = stage => (stage < 0 ? '#8b949b' : colony.stages[stage].colour);
  const shape = row => (colony.overridden[row] ? 'star' : colony.closed[row] === 0 ? 'diamond' : 'circle');

  // Room for the longest name, and marks that do not lie upon each other where there is little room for the sessions.
  const left = Math.min(
    110,
    14 + 8 * colony.mice.reduce((most, { name }) => Math.max(most, Math.min(name.length, 14)), 0),
  );
  const marked = (element, mode) => {
    if (!range) return 11;
    const span = mode === 'date' ? (Date.parse(range[1]) - Date.parse(range[0])) / 86400000 : range[1] - range[0];
    return Math.max(5, Math.min(11, ((element.clientWidth - left - 16) / span) * 0.8));
  };
  let range = null; // of the horizontal axis, the same in every piece
  let drawn = [];
  const piece = (element, mice, mode, top) => {
    const make = theme => {
      const size = marked(element, mode);
      const shown = mice.flatMap((mouse, line) => rows[mouse].map(row => [mouse, line, row]));
      return {
        traces: [
          {
            type: 'scatter',
            mode: 'markers',
            showlegend: false,
            x: shown.map(([mouse, , row]) => where[mode].of(row, mouse)),
            y: shown.map(([, line]) => line),
            hovertext: shown.map(([, , row]) => told(row)),
            hoverinfo: 'text',
            customdata: shown.map(([, , row]) => row),
            marker: {
              size: shown.map(([, , row]) => (colony.overridden[row] ? size + 3 : size)),
              symbol: shown.map(([, , row]) => shape(row)),
              color: shown.map(([, , row]) => colour(colony.actual[row])),
              opacity: 1,
              line: {
                width: size / 4.4,
                color: shown.map(([, , row]) =>
                  colour(colony.suggested[row] < 0 ? colony.actual[row] : colony.suggested[row]),
                ),
              },
            },
          },
        ],
        layout: {
          height: mice.length * ROW + (top ? 52 : 8),
          margin: { l: left, r: 16, t: top ? 48 : 4, b: 4 },
          hovermode: 'closest',
          dragmode: 'zoom',
          xaxis: {
            side: 'top',
            showticklabels: top,
            automargin: false,
            range,
            title: top ? { text: where[mode].title, standoff: 6 } : undefined,
            type: mode === 'date' ? 'date' : 'linear',
            zeroline: false,
          },
          yaxis: {
            range: [mice.length - 0.4, -0.6],
            tickvals: mice.map((_, line) => line),
            automargin: false,
            fixedrange: true,
            zeroline: false,
            ticktext: mice.map(mouse =>
              plain(
                colony.mice[mouse].name.length > 14
                  ? colony.mice[mouse].name.slice(0, 13) + '\u2026'
                  : colony.mice[mouse].name,
              ),
            ),
          },
        },
      };
    };
    chart(element, make, false).ready.then(() => {
      drawn.push(element);
      element.on('plotly_click', ({ points }) => {
        const row = points[0].customdata;
        location.href = `${colony.mice[colony.mouse[row]].href}#session-${colony.session[row]}`;
      });
      element.on('plotly_relayout', change => {
        const given =
          'xaxis.range[0]' in change
            ? [change['xaxis.range[0]'], change['xaxis.range[1]']]
            : 'xaxis.autorange' in change
              ? whole(mode)
              : null;
        if (!given || String(given) === String(range)) return;
        range = given;
        drawn.forEach(each => Plotly.relayout(each, { 'xaxis.range': [...given] }));
      });
    });
  };
  let shownMice = [];
  const whole = mode => {
    const values = shownMice
      .flatMap(mouse => rows[mouse].map(row => where[mode].of(row, mouse)))
      .filter(x => x !== null);
    if (!values.length) return null;
    const numbers = mode === 'date' ? values.map(day => Date.parse(day)) : values;
    const low = numbers.reduce((a, b) => Math.min(a, b)),
      high = numbers.reduce((a, b) => Math.max(a, b));
    const edge = Math.max((high - low) * 0.015, mode === 'date' ? 43200000 : 0.7);
    const found = [low - edge, high + edge];
    return mode === 'date' ? found.map(at => new Date(at).toISOString()) : found;
  };

  const watched = new Set(colony.watched);
  const fits = mouse => {
    const each = colony.mice[mouse];
    const word = $('search').value.trim().toLowerCase();
    return (
      (!word || each.name.toLowerCase().includes(word)) &&
      (!$('curriculum').value || each.curriculum === $('curriculum').value) &&
      (!$('stage').value || each.stage === $('stage').value) &&
      (!$('watched').checked || watched.has(each.name))
    );
  };
  let pieces = null;
  const draw = () => {
    const all = colony.mice.map((_, mouse) => mouse).filter(fits);
    shownMice = all.filter(mouse => rows[mouse].length);
    shownMice.sort(
      (a, b) =>
        orders[$('order').value](colony.mice[a], colony.mice[b]) || text(colony.mice[a].name, colony.mice[b].name),
    );
    const names = new Set(all.map(mouse => colony.mice[mouse].href));
    for (const row of $('table').tBodies[0].rows) row.hidden = !names.has(row.querySelector('a').getAttribute('href'));
    $('found').textContent = `${all.length} of ${colony.mice.length} mice`;
    if (pieces) pieces.stop();
    drawn.forEach(each => Plotly.purge(each));
    drawn = [];
    range = whole($('axis').value);
    const strips = $('progress');
    strips.replaceChildren();
    pieces = inTime(target => piece(target, target.mice, $('axis').value, target.mice[0] === shownMice[0]), '400px');
    for (let at = 0; at < shownMice.length;) {
      let end = at,
        marks = 0;
      while (
        end < shownMice.length &&
        end - at < PIECE &&
        (end === at || marks + rows[shownMice[end]].length <= MARKS)
      ) {
        marks += rows[shownMice[end]].length;
        end += 1;
      }
      const strip = document.createElement('div');
      strip.className = 'chart strip';
      strip.mice = shownMice.slice(at, end);
      strip.style.height = `${strip.mice.length * ROW + (at ? 8 : 52)}px`;
      strips.append(strip);
      pieces.add(strip);
      at = end;
    }
  };
  ['axis', 'order', 'curriculum', 'stage', 'watched'].forEach(id => $(id).addEventListener('change', draw));
  let waiting = 0;
  $('search').addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, 120);
  });
  draw();

  const ending = colony.counts.days
    .slice(-1)
    .map(day => new Date(Date.parse(day) + 86400000).toISOString().slice(0, 10));
  const counts = () =>
    chart($('counts'), () => ({
      traces: colony.counts.stages.map(each => ({
        x: [...colony.counts.days, ...ending],
        y: [...each.mice, ...each.mice.slice(-1)],
        name: plain(each.label),
        stackgroup: 'all',
        mode: 'lines',
        line: { shape: 'hv', width: 0.5, color: each.colour },
        fillcolor: each.colour,
        hovertemplate: '%{y} mice at ' + plain(each.label) + '<extra></extra>',
      })),
      layout: {
        height: 380,
        hovermode: 'x unified',
        legend: { orientation: 'h', y: -0.15, x: 0, traceorder: 'normal' },
        xaxis: {
          type: 'date',
          minallowed: colony.counts.days[0],
          ...(colony.counts.days.length < 8 ? { dtick: 86400000, tickformat: '%b %-d\n%Y' } : {}),
        },
        yaxis: { title: { text: 'mice' }, rangemode: 'tozero', ...(colony.mice.length < 8 ? { dtick: 1 } : {}) },
      },
    }));
  const graduation = target =>
    arrivals(
      target,
      () => colony.graduation,
      () => 'share of mice that have graduated',
    );
  const below = inTime(target => (target.id === 'counts' ? counts() : graduation(target)), '300px');
  ['counts', 'graduation'].forEach(id => $(id) && below.add($(id)));
})();
