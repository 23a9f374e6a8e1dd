'use strict';
// How many mice have come to a stage after how many sessions, under each curriculum.
(() => {
  const { arrivals, data } = window.autotrain;
  const curves = data('curves');
  const stage = document.getElementById('stage');
  const shown = () =>
    curves.map(each => ({ name: each.name, ...each.stages[stage.value] })).filter(each => each.points);
  const draw = arrivals(
    document.getElementById('arrivals'),
    shown,
    () =>
      `share of mice at ${stage.value}${stage.value === stage.options[stage.options.length - 1].value ? '' : ' or later'}`,
  );
  stage.addEventListener('change', draw);
})();
