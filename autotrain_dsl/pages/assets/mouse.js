'use strict';
// One mouse: its metrics against the thresholds of the stages it ran, and its decisions made once more on demand.
(() => {
  const { chart, data, plain } = window.autotrain;
  const mouse = data('mouse');
  const curriculums = window.autotrain.curriculums || {};
  const stages = Object.fromEntries(mouse.stages.map(stage => [stage.name, stage]));
  const words = { progress: 'to progress', rollback: 'to roll back', stay: 'to stay' };

  const own = (of, name) => (of && Object.hasOwn(of, name) ? of[name] : undefined); // a metric may be called `constructor`
  const FOLLOWED = 1000; // sessions for which it is shown what thresholds are compared with
  const BANDS = 300; // stays that are shaded: more could not be told apart

  // Stays: runs of sessions at one stage of one curriculum, whose thresholds are the same.
  const stays = [];
  mouse.rows.forEach((row, place) => {
    const last = stays[stays.length - 1];
    if (last && last.stage === row.stage && last.curriculum === row.curriculum) last.end = place;
    else stays.push({ stage: row.stage, curriculum: row.curriculum, begin: place, end: place });
  });
  const edges = ({ begin, end }) => {
    const at = mouse.rows[begin].session,
      to = mouse.rows[end].session;
    const before = begin ? (mouse.rows[begin - 1].session + at) / 2 : at - 0.5;
    const after = end + 1 < mouse.rows.length ? (to + mouse.rows[end + 1].session) / 2 : to + 0.5;
    return [before, after];
  };
  const limitsOf = (stay, name) => {
    const found = own(own(own(own(curriculums, stay.curriculum), 'thresholds'), stay.stage), name);
    return Array.isArray(found) ? found : [];
  };
  // What a threshold is compared with where that is made of several sessions: the value of every session.
  const compared = (name, theme) => {
    const found = new Map();
    for (const stay of mouse.rows.length > FOLLOWED ? [] : stays) {
      for (const { of, node, last } of limitsOf(stay, name)) {
        if (last || (found.get(of) || {}).until === stay.end) continue;
        if (!found.has(of)) found.set(of, { x: [], y: [] });
        const line = found.get(of);
        line.until = stay.end;
        for (let place = stay.begin; place <= stay.end; place += 1) {
          line.x.push(mouse.rows[place].session);
          line.y.push(valueAt(node, place));
        }
        line.x.push(line.x.at(-1));
        line.y.push(null);
      }
    }
    return [...found]
      .filter(([, { y }]) => y.some(value => value !== null))
      .map(([of, { x, y }]) => ({
        x,
        y,
        mode: 'lines+markers',
        showlegend: false,
        connectgaps: false,
        line: { color: theme.text, width: 1.2, dash: 'dot' },
        marker: { size: 4, color: theme.text },
        hovertemplate: `session %{x}<br>${plain(of)}: %{y:.6g}<extra></extra>`,
      }));
  };
  // One line for all stays that a comparison was made in: a mouse may have thousands.
  const lines = (name, theme) => {
    const found = new Map();
    for (const stay of stays) {
      const [from, to] = edges(stay);
      for (const each of limitsOf(stay, name)) {
        if (!found.has(each)) found.set(each, { stage: stay.stage, x: [], y: [] });
        const line = found.get(each);
        line.x.push(from, (from + to) / 2, to, null);
        line.y.push(each.value, each.value, each.value, null);
      }
    }
    return [...found].map(([each, { stage, x, y }]) => ({
      x,
      y,
      mode: 'lines',
      showlegend: false,
      connectgaps: false,
      line: {
        color: theme[each.move],
        width: 1.8,
        dash: !each.last ? 'dot' : each.move === 'progress' ? 'solid' : 'dash',
      },
      hovertemplate: `${plain(stages[stage].label)}, ${words[each.move]}<br>${plain(each.text)}<extra></extra>`,
    }));
  };
  const draw = (metric, place) => theme => ({
    traces: [
      ...lines(metric.name, theme),
      ...compared(metric.name, theme),
      {
        x: mouse.rows.map(row => row.session),
        y: mouse.rows.map(row => row.values[place]),
        mode: 'lines+markers',
        showlegend: false,
        connectgaps: false,
        line: { color: theme.muted, width: 1 },
        marker: {
          size: 9,
          color: mouse.rows.map(row => stages[row.stage].colour),
          line: { width: 1, color: theme.panel },
        },
        text: mouse.rows.map(
          row => `session ${row.session}, ${plain(stages[row.stage].label)}: <b>${row.decision}</b>`,
        ),
        hovertemplate: '%{text}<br>%{y}<extra></extra>',
      },
    ],
    layout: {
      height: 300,
      hovermode: 'closest',
      margin: { l: 70, r: 20, t: 34, b: 56 },
      title: {
        text: plain(metric.title + (metric.unit ? ` [${metric.unit}]` : '')),
        x: 0.01,
        xanchor: 'left',
        font: { size: 14 },
      },
      xaxis: { title: { text: 'session', standoff: 8 } },
      shapes: (stays.length > BANDS ? [] : stays).map(stay => {
        const [x0, x1] = edges(stay);
        return {
          type: 'rect',
          xref: 'x',
          yref: 'paper',
          x0,
          x1,
          y0: 0,
          y1: 1,
          line: { width: 0 },
          fillcolor: stages[stay.stage].colour,
          opacity: 0.1,
          layer: 'below',
        };
      }),
    },
  });

  // What the rules could read: as recorded with the decision, or from the rows up to it where nothing was recorded.
  const numbers = (until, length) => {
    const known = new Set(until.map(row => row.session));
    const last = until[until.length - 1].session;
    const wanted = Array.from({ length }, (_, place) => last - length + 1 + place);
    const gap = [...wanted].reverse().find(number => !known.has(number)) ?? 0;
    return wanted.map(number => (number > gap ? number : 0));
  };
  const padded = (values, length) => [...Array(length - values.length).fill(null), ...values];
  const inputs = (curriculum, place) => {
    const row = mouse.rows[place],
      until = mouse.rows.slice(0, place + 1);
    const names = curriculum.metrics.map(metric => metric.name);
    if (row.recorded) {
      const { session_total, session_at_current_stage, sessions_of_stay, ...windows } = JSON.parse(row.recorded);
      const length = Math.max(0, ...Object.values(windows).map(values => values.length));
      return {
        situation: {
          stage: row.stage,
          session_total,
          session_at_current_stage,
          stay: sessions_of_stay ?? session_at_current_stage,
        },
        history: {
          sessions: numbers(until, length),
          metrics: Object.fromEntries(names.map(name => [name, padded(own(windows, name) || [], length)])),
        },
      };
    }
    let count = 0;
    while (count < until.length && until[until.length - 1 - count].stage === row.stage) count += 1;
    const of = name => until.map(each => each.values[mouse.names.indexOf(name)] ?? null);
    return {
      situation: { stage: row.stage, session_total: row.session, session_at_current_stage: row.count ?? count },
      history: {
        sessions: until.map(each => each.session),
        metrics: Object.fromEntries(names.map(name => [name, of(name)])),
      },
    };
  };
  const valueAt = (node, place) => {
    const known = own(curriculums, mouse.rows[place].curriculum);
    try {
      const { situation, history } = inputs(known.rules, place);
      const value = window.autotrain.value(node, situation, history);
      return typeof value === 'number' ? value : null;
    } catch {
      return null; // what was recorded with the decision is damaged
    }
  };
  mouse.metrics.forEach((metric, place) => chart(document.getElementById(`metric-${place}`), draw(metric, place)));

  const say = (container, text) => {
    const line = document.createElement('p');
    line.className = 'small';
    line.textContent = text;
    container.append(line);
  };
  const explain = (container, place) => {
    const row = mouse.rows[place],
      known = own(curriculums, row.curriculum);
    if (!known)
      return say(container, 'The curriculum of this session is not among those that these pages were made with.');
    if (!known.rules.stages.some(stage => stage.name === row.stage))
      return say(container, "This stage is none of the curriculum's today.");
    let decision;
    try {
      const { situation, history } = inputs(known.rules, place);
      decision = window.autotrain.step(known.rules, situation, history);
    } catch {
      return say(container, 'What was recorded with this decision is damaged.');
    }
    if (!row.recorded)
      say(container, 'What the rules could read was not recorded; it is taken from the rows up to this session.');
    if (decision.decision !== row.decision || decision.next_stage !== row.next)
      say(
        container,
        `Recorded is ${row.decision} to ${row.next}, but by the rules of today it comes out as ${decision.decision} to ${decision.next_stage}.`,
      );
    const rules = container.appendChild(document.createElement('div'));
    window.autotrain.explain(rules, known.rules, row.stage, decision);
  };
  document.querySelectorAll('details[data-row]').forEach(details =>
    details.addEventListener('toggle', () => {
      const container = details.lastElementChild;
      if (details.open && !container.childNodes.length) explain(container, Number(details.dataset.row));
    }),
  );
})();
