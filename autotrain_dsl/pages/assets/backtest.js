"use strict";
// How many mice have come to a stage after how many sessions, under each curriculum.
(() => {
  const { chart, data, plain } = window.autotrain;
  const curves = data("curves");
  const stage = document.getElementById("stage");
  const element = document.getElementById("arrivals");
  const colours = (theme) => [theme.rollback, theme.progress];

  const band = (points, colour) => ({
    x: [...points.map((p) => p[0]), ...points.map((p) => p[0]).reverse()],
    y: [...points.map((p) => p[3]), ...points.map((p) => p[2]).reverse()],
    fill: "toself", fillcolor: colour, opacity: 0.14, line: { width: 0, shape: "hv" }, hoverinfo: "skip", showlegend: false, mode: "lines",
  });
  // A band of steps is a polygon: both of its sides are made of corners.
  const corners = (points, last) => {
    const found = [];
    let before = [0, 0, 0, 0];
    for (const point of points) {
      found.push([point[0], ...before.slice(1)], point);
      before = point;
    }
    found.push([last, ...before.slice(1)]);
    return found[0] && found[0][0] > 0 ? [[0, 0, 0, 0], ...found] : found;
  };
  const make = (theme) => {
    const shown = curves.filter((each) => each.stages[stage.value]);
    const traces = [];
    const order = curves.length === 1 ? [theme.progress] : colours(theme);
    shown.forEach((each) => {
      const colour = order[curves.indexOf(each)];
      const { points, followed, arrived, mice } = each.stages[stage.value];
      const steps = corners(points, followed);
      traces.push(band(steps, colour), {
        x: steps.map((p) => p[0]), y: steps.map((p) => p[1]), mode: "lines", line: { color: colour, width: 2.5 },
        name: `${plain(each.name)} (${arrived} of ${mice} mice)`,
        hovertemplate: "%{y:.0%} after %{x} sessions<extra>" + plain(each.name) + "</extra>",
      });
    });
    return {
      traces,
      layout: {
        height: 400, hovermode: "closest", showlegend: true,
        xaxis: { title: { text: "sessions" }, rangemode: "tozero" },
        yaxis: { title: { text: "mice at " + plain(stage.value) + " or later" }, tickformat: ".0%", range: [0, 1.03] },
      },
    };
  };
  chart(element, make);
  stage.addEventListener("change", () => chart(element, make));
})();
