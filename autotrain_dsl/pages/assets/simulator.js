/* Sessions to try the rules of a curriculum with: turns the section `simulator` of a page, whose script element
 * `curriculum` holds one, into a form that is judged as it is filled in. Needs engine.js and explain.js.
 */
(function () {
  'use strict';

  const autotrain = globalThis.autotrain;
  const { element, titled, walk } = autotrain;

  const FEWEST = 3; // sessions at the start
  const USUAL = 10;
  const MOST_SESSIONS = 60;
  const LAST_SESSION = 10000;
  const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

  // Values to start with

  function conditionsOf(curriculum) {
    return curriculum.stages.flatMap(stage => stage.rules).flatMap(rule => (rule.node === null ? [] : [rule.node]));
  }

  /** How many sessions the rules look back, within what is shown at first. */
  function reach(conditions) {
    const bounds = conditions
      .flatMap(condition => [...walk(condition)])
      .filter(node => node[0] === 'item' || node[0] === 'window')
      .map(node => -node[2]);
    return Math.min(Math.max(FEWEST, ...bounds), USUAL);
  }

  /** The first number that a condition compares a metric with. */
  function threshold(conditions, metric) {
    for (const [kind, , , left, right] of conditions.flatMap(condition => [...walk(condition)])) {
      if (kind !== 'compare') continue;
      for (const [side, limit] of [
        [left, right],
        [right, left],
      ]) {
        const reads = [...walk(side)].some(node => node[0] === 'metric' && node[1] === metric.name);
        if (reads && limit[0] === 'value' && typeof limit[1] === 'number') return limit[1];
      }
    }
    return null;
  }

  /** Values that rise a little from session to session and end at a threshold. */
  function rising(conditions, metric, sessions) {
    const { minimum, maximum, integer } = metric;
    const end = threshold(conditions, metric) ?? ((minimum ?? 0) + (maximum ?? (minimum ?? 0) + 2)) / 2;
    return [...Array(sessions).keys()].map(place => {
      const before = sessions - 1 - place;
      const value = before ? end - Math.abs(end) * 0.04 * before : end;
      const kept = Math.min(Math.max(value, minimum ?? value), maximum ?? value);
      if (integer) return `${Math.round(kept)}`;
      return before ? `${Number(kept.toPrecision(3))}` : `${kept}`;
    });
  }

  // Fields

  /** The number in a field and what is wrong with it; an empty field has neither. */
  function parsed(text, { minimum, maximum, integer }) {
    const trimmed = text.trim();
    if (!trimmed) return { value: null, fault: '' };
    const value = DECIMAL.test(trimmed) ? Number(trimmed) : NaN;
    if (Number.isNaN(value)) return { value, fault: 'This is not a number: write it like 12 or 0.75.' };
    if (!Number.isFinite(value)) return { value, fault: 'This number is too large.' };
    if (integer && !Number.isInteger(value)) return { value, fault: 'Only whole numbers occur here.' };
    const least = minimum !== null && value < minimum;
    if (least || (maximum !== null && value > maximum)) {
      return { value, fault: `This is ${least ? `less than ${minimum}` : `more than ${maximum}`}, which cannot be.` };
    }
    return { value, fault: '' };
  }

  /** A text field that says next to itself what is wrong with it. */
  function field(id, attributes, value) {
    const fault = element('p', { class: 'fault', id: `${id}-fault` });
    fault.hidden = true;
    const described = [attributes['aria-describedby'], fault.id].filter(each => each).join(' ');
    const settings = { ...attributes, id, type: 'text', autocomplete: 'off', value, 'aria-describedby': described };
    return { input: element('input', settings), fault };
  }

  function say({ input, fault }, text) {
    fault.textContent = text;
    fault.hidden = !text;
    if (text) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
  }

  function take(one, range) {
    const { value, fault } = parsed(one.input.value, range);
    const said = fault || (value === null && range.needed ? 'Write a number.' : '');
    say(one, said);
    return said ? null : { value };
  }

  function row(label, control, hint, fault) {
    const described = element('small', { id: `${control.id}-hint` }, hint);
    return element('div', { class: 'fields' }, element('label', { for: control.id }, label), control, described, fault);
  }

  function button(text, act) {
    const made = element('button', { type: 'button', class: 'button' }, text);
    made.addEventListener('click', act);
    return made;
  }

  // The simulator

  class Simulator {
    constructor(section, curriculum) {
      const conditions = conditionsOf(curriculum);
      const sessions = reach(conditions);
      this.curriculum = curriculum;
      this.columns = []; // the titles of the sessions, oldest first
      this.cells = curriculum.metrics.map(() => []); // the fields of every metric
      this.stage = element('select', { id: 'simulator-stage', 'aria-describedby': 'simulator-stage-hint' });
      for (const stage of curriculum.stages) this.stage.append(element('option', { value: stage.name }, titled(stage)));
      this.stage.value = curriculum.initial;
      this.total = this.counter('simulator-session', sessions);
      this.stay = this.counter('simulator-stay', sessions);
      this.outcome = element('div', { class: 'outcome', 'aria-live': 'polite' });
      this.walked = element('div', { 'aria-live': 'polite' });
      this.more = button('Add a session', () => this.add());
      this.fewer = button('Remove the newest session', () => this.remove());
      section.append(...this.form(), this.outcome, this.walk(), this.walked);
      const values = curriculum.metrics.map(metric => rising(conditions, metric, sessions));
      for (let place = 0; place < sessions; place += 1) this.widen(values.map(each => each[place]));
      section.addEventListener('input', () => this.update());
      this.update();
    }

    counter(id, value) {
      return field(id, { inputmode: 'numeric', 'aria-describedby': `${id}-hint` }, value);
    }

    form() {
      const { total, stay } = this;
      this.head = element('tr', {}, element('th', { scope: 'col' }, 'Metric'));
      this.rows = this.curriculum.metrics.map((metric, place) => {
        const title = `${metric.title || metric.name}${metric.unit ? ` [${metric.unit}]` : ''}`;
        return element('tr', {}, element('th', { scope: 'row', id: `simulator-metric-${place}` }, title));
      });
      const table = element(
        'table',
        { 'aria-labelledby': 'simulator-sessions' },
        element('thead', {}, this.head),
        element('tbody', {}, ...this.rows),
      );
      const past = `A whole number up to ${LAST_SESSION}, and no less than there are sessions in the table.`;
      const spent = 'A whole number from 1, this session included, and no more than the number of the session.';
      const told = 'The last sessions, oldest first. Earlier ones, and empty fields, count as missing.';
      return [
        row('Stage', this.stage, 'The stage in which the newest session was run.', null),
        row('Number of the newest session', total.input, past, total.fault),
        row('Sessions at this stage', stay.input, spent, stay.fault),
        element('p', { id: 'simulator-sessions' }, told),
        element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Sessions' }, table),
        element('p', {}, this.more, ' ', this.fewer),
      ];
    }

    /** What is offered beside the one decision: all sessions of the table, as those of a new subject. */
    walk() {
      this.runner = button('Run these sessions from the start', () => this.run());
      const hint = element(
        'small',
        { id: 'simulator-run-hint' },
        'As the first sessions of a new mouse, from the first stage on.',
      );
      this.runner.setAttribute('aria-describedby', hint.id);
      return element('p', {}, this.runner, ' ', hint);
    }

    /** One more column, at the end. */
    widen(values) {
      const place = this.columns.length;
      const title = element('th', { scope: 'col', id: `simulator-column-${place}` });
      this.columns.push(title);
      this.head.append(title);
      for (const [number, metric] of this.curriculum.metrics.entries()) {
        const labels = `simulator-metric-${number} simulator-column-${place}`;
        const settings = { inputmode: metric.integer ? 'numeric' : 'decimal', 'aria-labelledby': labels, size: '6' };
        const one = field(`simulator-value-${number}-${place}`, settings, values[number]);
        this.cells[number].push(one);
        this.rows[number].append(element('td', {}, one.input, one.fault));
      }
    }

    /** One more session: the subject stays where it is for another day, with the values of the day before. */
    add() {
      this.widen(this.cells.map(row => row.at(-1).input.value));
      this.count(1);
      this.update();
    }

    remove() {
      this.columns.pop().remove();
      for (const row of this.cells) row.pop().input.parentElement.remove();
      this.count(-1);
      this.update();
    }

    count(step) {
      for (const one of [this.total, this.stay]) {
        const value = Number(one.input.value);
        if (Number.isInteger(value)) one.input.value = Math.max(1, value + step);
      }
    }

    /** What the fields say: a situation and a history; null while one of them is wrong. */
    read() {
      const { metrics } = this.curriculum;
      const sessions = this.columns.length;
      const counts = { integer: true, needed: true, maximum: LAST_SESSION };
      const total = take(this.total, { ...counts, minimum: sessions });
      const stay = take(this.stay, { ...counts, minimum: 1, maximum: total ? total.value : LAST_SESSION });
      const first = (total ? total.value : sessions) - sessions + 1;
      const numbers = this.columns.map((_, place) => first + place);
      for (const [place, column] of this.columns.entries()) column.textContent = `Session ${numbers[place]}`;
      const values = metrics.map((metric, number) => this.cells[number].map(one => take(one, metric)));
      this.faults = [total, stay, ...values.flat()].filter(each => each === null).length;
      if (this.faults) return null;
      const named = metrics.map((metric, number) => [metric.name, values[number].map(each => each.value)]);
      return {
        situation: { stage: this.stage.value, session_total: total.value, session_at_current_stage: stay.value },
        history: { sessions: numbers, metrics: Object.fromEntries(named) },
      };
    }

    update() {
      this.walked.replaceChildren();
      this.more.disabled = this.columns.length >= MOST_SESSIONS;
      this.fewer.disabled = this.columns.length <= 1;
      const given = this.read();
      this.runner.disabled = given === null;
      if (given === null) {
        const fields = this.faults === 1 ? 'one field needs' : `${this.faults} fields need`;
        this.outcome.replaceChildren(element('p', {}, `No decision: ${fields} another value.`));
        return;
      }
      const decision = autotrain.step(this.curriculum, given.situation, given.history);
      const { final } = autotrain.stageOf(this.curriculum, given.situation.stage);
      const trace = final ? [] : autotrain.traces(this.curriculum, given.situation, given.history);
      const rules = element('div');
      autotrain.explain(rules, this.curriculum, given.situation.stage, { ...decision, trace });
      const reason = element('p', {}, decision.reason);
      this.outcome.replaceChildren(element('p', {}, ...this.decided(decision)), reason, rules);
    }

    /** A decision and the stage that it leads to. */
    decided({ decision, next_stage: name }) {
      const stage = autotrain.stageOf(this.curriculum, name);
      const word = element('strong', { class: decision.toLowerCase() }, decision);
      const label = titled(stage) === name ? null : `${stage.label}, `;
      return [word, '; next stage: ', label, element('code', {}, name)];
    }

    /** The sessions of the table as the first ones of a new subject, each judged where the one before has led. */
    run() {
      const given = this.read();
      const list = element('ol');
      let stage = this.curriculum.initial;
      let stay = 1;
      for (let number = 1; number <= this.columns.length; number += 1) {
        const metrics = Object.entries(given.history.metrics).map(([name, values]) => [name, values.slice(0, number)]);
        const sessions = [...Array(number).keys()].map(place => place + 1);
        const situation = { stage, session_total: number, session_at_current_stage: stay };
        const history = { sessions, metrics: Object.fromEntries(metrics) };
        const decision = autotrain.step(this.curriculum, situation, history);
        const where = `Session ${number} at ${titled(autotrain.stageOf(this.curriculum, stage))}: `;
        list.append(element('li', {}, where, ...this.decided(decision), `; ${decision.reason}`));
        stay = decision.next_stage === stage ? stay + 1 : 1;
        stage = decision.next_stage;
      }
      this.walked.replaceChildren(list);
    }
  }

  /** Turn a section into a simulator of a curriculum. */
  autotrain.simulate = (section, curriculum) => new Simulator(section, curriculum);

  function start() {
    const section = document.getElementById('simulator');
    const data = document.getElementById('curriculum');
    if (section && data) autotrain.simulate(section, JSON.parse(data.textContent));
  }

  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
})();
