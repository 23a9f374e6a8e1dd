/* A decision in words: every rule that was tried, with the values that it compared, what was needed and what it was
 * short by, in the words of autotrain_dsl/report/traces.py. Needs engine.js.
 *
 * Whatever a curriculum says becomes text nodes, never markup.
 */
(function () {
  'use strict';

  const autotrain = (globalThis.autotrain = globalThis.autotrain || {});

  const NEEDS = {
    '>=': 'at least ',
    '>': 'more than ',
    '<=': 'at most ',
    '<': 'less than ',
    '==': 'exactly ',
    '!=': 'anything but ',
  };
  const CLASSES = { fired: 'fired', 'did not fire': 'unfired', unknown: 'unknown' };
  const MOST = 8; // values of a sequence that are shown

  /** An element with attributes (those that are null are left out) and contents: texts and other elements. */
  function element(name, attributes = {}, ...contents) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(key, value);
    made.append(...contents.filter(content => content !== null));
    return made;
  }

  /** A stage as people know it, and its name where that is another one. */
  function titled(stage) {
    return stage.label && stage.label !== stage.name ? `${stage.label} (${stage.name})` : stage.name;
  }

  function valued(value) {
    if (!Array.isArray(value)) return autotrain.shown(value);
    return `[${value.length > MOST ? '... ' : ''}${autotrain.shown(value, MOST)}]`;
  }

  function margin({ verdict, margin: by }) {
    if (verdict === null) return ': unknown';
    if (Array.isArray(verdict)) return `: true of ${verdict.filter(each => each).length} of ${verdict.length}`;
    if (by === null) return verdict ? ': true' : ': false';
    const distance = by ? ` by ${autotrain.number(Math.abs(by))}` : null;
    if (verdict) return distance ? `, passed${distance}` : ', just passed';
    return distance ? `, short${distance}` : ', just missed';
  }

  /** What a comparison came to: true, false or missing; of several sessions only where none is left open. */
  function outcome({ verdict }) {
    if (!Array.isArray(verdict)) return verdict === null ? 'missing' : `${verdict}`;
    if (verdict.includes(null)) return 'missing';
    return verdict.length && verdict.every(each => each === verdict[0]) ? `${verdict[0]}` : null;
  }

  function comparison(each) {
    const found = `: ${valued(each.left)}, needs ${NEEDS[each.operator]}${valued(each.right)}${margin(each)}`;
    return element('li', { class: outcome(each) }, element('code', {}, each.text), found);
  }

  function rule({ number, sentence, because }, trace, decision) {
    const late = decision.fired !== null && number > decision.fired;
    const verdict = `${trace.verdict}${late ? ' (an earlier rule decided)' : ''}`;
    const told = [
      ...trace.comparisons.map(comparison),
      ...trace.missing.map(each => element('li', { class: 'missing' }, `missing: ${autotrain.lacking(each)}`)),
    ];
    return element(
      'li',
      { class: CLASSES[trace.verdict], value: number },
      element('p', {}, `${sentence}: `, element('strong', { class: late ? 'late' : null }, verdict)),
      because ? element('p', {}, `because ${because}`) : null,
      told.length ? element('ul', {}, ...told) : null,
    );
  }

  /** Fill a container with the rules in the trace of a decision; those after the one that decided are told apart. */
  autotrain.explain = function (container, curriculum, stageName, decision) {
    const stage = autotrain.stageOf(curriculum, stageName);
    const rules = decision.trace.map(trace => rule(stage.rules[trace.number - 1], trace, decision));
    const none = stage.final ? 'This is a final stage: it has nothing to judge.' : 'There was no rule to try.';
    container.replaceChildren(rules.length ? element('ol', {}, ...rules) : element('p', {}, none));
  };

  Object.assign(autotrain, { element, titled });
})();
