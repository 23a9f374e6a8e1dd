/* The rules of a curriculum judged in the browser, exactly as autotrain_dsl/interpreter.py judges them.
 *
 * A curriculum is what autotrain_dsl/pages/portable.py makes of it. A number is a double, a condition true or false, a
 * sequence an array; null is a missing number or an unknown condition. Every double is the interpreter's to the last
 * bit: sums run from the oldest to the newest value, and decimals are made of the exact value of a double.
 */
(function () {
  'use strict';

  const autotrain = (globalThis.autotrain = globalThis.autotrain || {});

  const FIRED = 'fired';
  const NOT_FIRED = 'did not fire';
  const UNKNOWN = 'unknown';
  const DECISIONS = { stay: 'STAY', progress: 'PROGRESS', rollback: 'ROLLBACK' };
  const SHOWN_IN_REASONS = 5; // values of a sequence

  // Decimals

  /** A double without its sign: a whole number, and the power of two that it is multiplied by. */
  function taken(value) {
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, Math.abs(value));
    const bits = view.getBigUint64(0);
    const exponent = Number(bits >> 52n);
    const fraction = bits & 0xfffffffffffffn;
    return exponent ? [fraction | 0x10000000000000n, exponent - 1075] : [fraction, -1074];
  }

  /** The exact value without its sign times 10 ** digits, as a whole number; halves go to the even neighbour. */
  function scaled(value, digits) {
    let [upper, exponent] = taken(value);
    let lower = 1n;
    if (exponent > 0) upper <<= BigInt(exponent);
    else lower <<= BigInt(-exponent);
    if (digits > 0) upper *= 10n ** BigInt(digits);
    else lower *= 10n ** BigInt(-digits);
    const whole = upper / lower;
    const twice = 2n * (upper % lower);
    return twice > lower || (twice === lower && whole % 2n === 1n) ? whole + 1n : whole;
  }

  const sign = value => (value < 0 || Object.is(value, -0) ? '-' : '');

  /** Python's round(value, digits), for which Math.round and toFixed are no substitute: they round halves up. */
  function round(value, digits) {
    return Number(`${sign(value)}${scaled(value, digits)}e-${digits}`);
  }

  /** A number with six digits as Python's `%.6g` writes it; toPrecision would round halves up. */
  function number(value) {
    if (Number.isNaN(value)) return 'nan';
    if (value === 0) return `${sign(value)}0`;
    if (!Number.isFinite(value)) return `${sign(value)}inf`;
    let exponent = Number(value.toExponential().split('e')[1]);
    let digits = `${scaled(value, 5 - exponent)}`;
    if (digits.length < 6) {
      // The shortest text of a number next to 0 may be rounded up to a power of ten.
      exponent -= 1;
      digits = `${scaled(value, 5 - exponent)}`;
    }
    if (digits.length > 6) exponent += 1; // rounded up to a power of ten
    digits = digits.slice(0, 6);
    if (exponent < -4 || exponent >= 6) {
      const power = `${Math.abs(exponent)}`.padStart(2, '0');
      return `${sign(value)}${pointed(digits[0], digits.slice(1))}e${exponent < 0 ? '-' : '+'}${power}`;
    }
    if (exponent < 0) return sign(value) + pointed('0', '0'.repeat(-exponent - 1) + digits);
    return sign(value) + pointed(digits.slice(0, exponent + 1), digits.slice(exponent + 1));
  }

  function pointed(whole, decimals) {
    const kept = decimals.replace(/0+$/, '');
    return kept ? `${whole}.${kept}` : whole;
  }

  /** A value within a line: of a sequence only so many of the newest. */
  function shown(value, most = SHOWN_IN_REASONS) {
    if (Array.isArray(value))
      return value
        .slice(-most)
        .map(each => shown(each))
        .join(', ');
    if (value === null) return 'missing';
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    return typeof value === 'number' ? number(value) : value;
  }

  // Values

  const finite = value => (Number.isFinite(value) ? value : null);

  function each(compute, of) {
    if (Array.isArray(of)) return of.map(value => each(compute, value));
    return of === null ? null : compute(of);
  }

  function both(compute, left, right) {
    if (Array.isArray(left)) {
      return left.map((value, place) => both(compute, value, Array.isArray(right) ? right[place] : right));
    }
    if (Array.isArray(right)) return right.map(value => both(compute, left, value));
    return left === null || right === null ? null : compute(left, right);
  }

  /** False as soon as one is false, else unknown as soon as one is unknown. */
  const all = parts => (parts.includes(false) ? false : parts.includes(null) ? null : true);

  /** True as soon as one is true, else unknown as soon as one is unknown. */
  const any = parts => (parts.includes(true) ? true : parts.includes(null) ? null : false);

  const not = of => (of === null ? null : !of);

  const sum = values => values.reduce((result, value) => result + value, 0);
  const mean = values => sum(values) / values.length;

  function median(values) {
    const ordered = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    const middle = Math.floor(values.length / 2);
    return values.length % 2 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
  }

  function std(values) {
    const center = mean(values);
    return Math.sqrt(mean(values.map(value => (value - center) * (value - center))));
  }

  // Of 0 and -0 the first one, unlike Math.min and Math.max.
  const min = values => values.reduce((least, value) => (value < least ? value : least));
  const max = values => values.reduce((most, value) => (value > most ? value : most));

  function count(of, conditions) {
    if (!conditions) return of.length;
    return of.includes(null) ? null : of.filter(value => value).length;
  }

  const COMPUTE = {
    '+': (a, b) => finite(a + b),
    '-': (a, b) => finite(a - b),
    '*': (a, b) => finite(a * b),
    '/': (a, b) => finite(a / b),
  };
  const COMPARE = {
    '<': (a, b) => a < b,
    '<=': (a, b) => a <= b,
    '>': (a, b) => a > b,
    '>=': (a, b) => a >= b,
    '==': (a, b) => a === b,
    '!=': (a, b) => a !== b,
  };

  const item = (of, index) => of.at(index) ?? null;
  const cut = (of, start, stop) => of.slice(start ?? 0, stop ?? undefined); // as of null, slice would take 0
  const latest = (of, length) => of.slice(Math.max(of.length - length, 0));
  const aggregate = compute => of => (of.length && !of.includes(null) ? finite(compute(of)) : null);

  const FUNCTIONS = {
    item,
    window: cut,
    count,
    not,
    all,
    any,
    negative: of => each(a => -a, of),
    abs: of => each(Math.abs, of),
    round: (of, digits) => each(a => finite(round(a, digits)), of),
    present: of => of.filter(value => value !== null),
    mean: aggregate(mean),
    median: aggregate(median),
    min: aggregate(min),
    max: aggregate(max),
    sum: aggregate(sum),
    std: aggregate(std),
  };

  /** The value of an expression; `seen` collects its comparisons by number. */
  function value(node, known, seen) {
    const inner = part => value(part, known, seen);
    const [kind, ...parts] = node;
    if (kind === 'value') return parts[0];
    if (kind === 'metric') return metric(known, parts[0]);
    if (kind === 'situation') return known[parts[0]];
    if (kind === 'compare') return compared(parts, inner, seen);
    if (kind === 'and') return all(parts.map(inner)); // every part is looked at, as each is told about
    if (kind === 'or') return any(parts.map(inner));
    if (kind === 'at_stage') return latest(inner(parts[0]), known.stay);
    if (kind in COMPUTE) return both(COMPUTE[kind], inner(parts[0]), inner(parts[1]));
    return FUNCTIONS[kind](inner(parts[0]), ...parts.slice(1));
  }

  function compared([place, operator, ...sides], inner, seen) {
    const [left, right] = sides.map(inner);
    const verdict = both(COMPARE[operator], left, right);
    let margin = null;
    if (typeof left === 'number' && typeof right === 'number' && operator !== '==' && operator !== '!=') {
      margin = operator === '>' || operator === '>=' ? left - right : right - left;
    }
    seen[place] = { left, operator, right, verdict, margin };
    return verdict;
  }

  function metric(known, name) {
    if (!Object.hasOwn(known.metrics, name)) throw new Error(`the history has no metric ${name}`);
    return known.metrics[name];
  }

  // What was missing

  const CUTS = ['item', 'window', 'at_stage', 'present'];

  /** The metric of a part that only cuts: `x[-5:]`, `at_stage(x)[-2]`; null of any other part. */
  function read(node) {
    if (node[0] === 'metric') return node[1];
    return CUTS.includes(node[0]) ? read(node[1]) : null;
  }

  const children = node => node.filter(Array.isArray);

  function* walk(node) {
    yield node;
    for (const child of children(node)) yield* walk(child);
  }

  function* reads(node) {
    if (read(node) !== null) yield node;
    else for (const child of children(node)) yield* reads(child);
  }

  /** Which places of the history a cut looks at; null for one before the beginning. */
  function places(node, values, stay) {
    const [kind, of, ...bounds] = node;
    if (kind === 'metric') return [...values.keys()];
    const inner = places(of, values, stay);
    if (kind === 'item') return [item(inner, bounds[0])];
    if (kind === 'window') return cut(inner, ...bounds);
    if (kind === 'at_stage') return latest(inner, stay);
    return inner.filter(place => place !== null && values[place] !== null); // present
  }

  /** Which values made the outcome of a rule unknown, without repetition. */
  function missing(rule, comparisons, known) {
    const found = new Map();
    const miss = (metric, session) => found.set(JSON.stringify([metric, session]), { metric, session });
    for (const node of walk(rule.node)) {
      if (node[0] !== 'compare') continue;
      const { verdict } = comparisons[node[1]];
      if (verdict !== null && !(Array.isArray(verdict) && verdict.includes(null))) continue;
      for (const each of reads(node)) {
        const name = read(each);
        const values = metric(known, name);
        const looked = places(each, values, known.stay);
        if (!looked.length) miss(name, null);
        for (const place of looked) {
          if (place === null) miss(name, null);
          else if (values[place] === null) miss(name, known.sessions[place]);
        }
      }
    }
    return [...found.values()];
  }

  // Rules

  /** A situation and a history as expressions see them: what is no finite number is missing. */
  function seenBy(situation, history) {
    const metrics = Object.create(null);
    for (const [name, values] of Object.entries(history.metrics)) {
      if (values.length !== history.sessions.length) throw new Error('metrics and sessions differ in length');
      metrics[name] = values.map(finite);
    }
    const { session_total, session_at_current_stage } = situation;
    const stay = situation.stay ?? session_at_current_stage;
    return { session_total, session_at_current_stage, stay, metrics, sessions: history.sessions };
  }

  function stageOf(curriculum, name) {
    const found = curriculum.stages.find(stage => stage.name === name);
    if (!found) throw new Error(`there is no stage ${name}`);
    return found;
  }

  function tried(rule, known) {
    if (rule.node === null) return { number: rule.number, verdict: FIRED, comparisons: [], missing: [] };
    const seen = [];
    const truth = value(rule.node, known, seen);
    const comparisons = seen.map((each, place) => ({ text: rule.comparisons[place], ...each }));
    return {
      number: rule.number,
      verdict: truth === null ? UNKNOWN : truth ? FIRED : NOT_FIRED,
      comparisons,
      missing: truth === null ? missing(rule, comparisons, known) : [],
    };
  }

  function* trying(stage, situation, history) {
    const known = seenBy(situation, history);
    for (const rule of stage.rules) if (rule.trigger !== 'manual') yield tried(rule, known);
  }

  /** Every rule of the stage as it turns out, also those after one that fires; manual ones are left out. */
  function traces(curriculum, situation, history) {
    return [...trying(stageOf(curriculum, situation.stage), situation, history)];
  }

  /** The last session of a history judged by the rules of the stage; the first that fires decides. */
  function step(curriculum, situation, history) {
    const stage = stageOf(curriculum, situation.stage);
    const decision = { decision: 'STAY', next_stage: stage.name, fired: null, trace: [], reason: 'final stage' };
    if (stage.final) return decision;
    for (const trace of trying(stage, situation, history)) {
      decision.trace.push(trace);
      if (trace.verdict !== FIRED) continue;
      const { number, move, target } = stage.rules[trace.number - 1];
      Object.assign(decision, { decision: DECISIONS[move], next_stage: target, fired: number });
      break;
    }
    decision.reason = reason(stage, decision);
    return decision;
  }

  // Reasons

  function reason(stage, { fired, trace }) {
    const rules = trace.map(each => [stage.rules[each.number - 1], each]);
    let text;
    if (fired !== null) text = because(...rules.at(-1));
    else text = ['no rule fired', ...rules.flatMap(([rule, each]) => shortfall(rule, each))].join('; ');
    for (const each of trace) {
      if (each.verdict !== UNKNOWN) continue;
      const what = each.missing.map(lacking).join(', ') || 'a result that is no number';
      text += `; rule ${each.number} could not be judged, missing ${what}`;
    }
    return text;
  }

  function because(rule, trace) {
    const told = rule.node === null ? ['otherwise'] : facts(rule, trace, true);
    return `rule ${rule.number}: ${[rule.because, told.join(', ')].filter(part => part).join('; ')}`;
  }

  function shortfall(rule, trace) {
    const told = trace.verdict === NOT_FIRED ? facts(rule, trace, false) : [];
    return told.length ? [`rule ${rule.number}: ${told.join(', ')}`] : [];
  }

  /** A missing value in words. */
  function lacking({ metric, session }) {
    return session ? `${metric} of session ${session}` : `an earlier ${metric}`;
  }

  /** The comparisons that make the condition of a rule true, or false. */
  function facts(rule, trace, truth) {
    return rule.node === null ? [] : [...new Set(reasons(rule.node, trace.comparisons, truth))];
  }

  /** Only parts that have the outcome in question count: of a true `or` the parts that are true. */
  function* reasons(node, comparisons, truth) {
    const [kind, ...parts] = node;
    const negation = truth ? '' : 'not ';
    if (kind === 'not') {
      yield* reasons(parts[0], comparisons, !truth);
    } else if (kind === 'and' || kind === 'or') {
      for (const part of parts) if (outcome(part, comparisons) === truth) yield* reasons(part, comparisons, truth);
    } else if (kind === 'compare') {
      yield negation + fact(node, comparisons);
    } else if (kind === 'all' || kind === 'any') {
      const inner = [...walk(node)].filter(part => part[0] === 'compare').map(part => fact(part, comparisons));
      yield `${negation}${kind}: ${inner.join(', ')}`;
    }
  }

  /** What a part of a condition came to, as far as its comparisons tell. */
  function outcome(node, comparisons) {
    const [kind, ...parts] = node;
    const verdict = part => comparisons[part[1]].verdict;
    if (kind === 'compare') return typeof verdict(node) === 'boolean' ? verdict(node) : null;
    if (kind === 'value') return parts[0] === true;
    if (kind === 'not') return not(outcome(parts[0], comparisons));
    if (kind === 'and') return all(parts.map(part => outcome(part, comparisons)));
    if (kind === 'or') return any(parts.map(part => outcome(part, comparisons)));
    const joined = (kind === 'all' || kind === 'any') && parts[0][0] === 'compare';
    return joined ? FUNCTIONS[kind](verdict(parts[0])) : null;
  }

  /** A comparison with the values that decided it: of a constant side the text says enough. */
  function fact([, place, , ...nodes], comparisons) {
    const { text, left, right } = comparisons[place];
    const sides = [left, right].filter((_, side) => readsAnything(nodes[side])).map(each => shown(each));
    return `${text} (${sides.join(' against ') || shown(left)})`;
  }

  function readsAnything(node) {
    return [...walk(node)].some(part => part[0] === 'metric' || part[0] === 'situation');
  }

  Object.assign(autotrain, { step, traces, number, shown, lacking, walk, stageOf });

  /** The value of an expression of any type, in a situation with a history. */
  autotrain.value = (node, situation, history) => value(node, seenBy(situation, history), []);
})();
