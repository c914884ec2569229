// Draws each chart from the specification beside it, in the colours of the reader's system, and has all of them follow
// the page's filter.
const dark = matchMedia("(prefers-color-scheme: dark)");
const filter = document.getElementById("filter");
const period = document.getElementById("filter-period"), sports = document.getElementById("filter-sports");
// By the name of its chart.
const views = new Map();

function theme() {
  const style = getComputedStyle(document.documentElement), of = name => style.getPropertyValue(name).trim();
  // The stronger, the more: darker on white, brighter on black.
  const ramp = dark.matches ? ["#7a3210", "#d9691f", "#ffd9b0"] : ["#fcc79b", "#e0701f", "#6b2203"];
  return {background: null, font: "system-ui, sans-serif", view: {stroke: null}, range: {ramp},
    rule: {color: of("--ink")},
    axis: {labelColor: of("--soft"), titleColor: of("--soft"), gridColor: of("--line"), domainColor: of("--line"),
      tickColor: of("--line"), labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal"},
    legend: {labelColor: of("--ink"), titleColor: of("--soft"), labelFontSize: 12, orient: "bottom", columns: innerWidth < 600 ? 3 : 8,
      titleFontWeight: "normal", symbolSize: 90, symbolStrokeWidth: 2}};
}

// What the reader has chosen: days as text, null for no bound.
function chosen() {
  const [from, to] = period.value.split("/");
  return {from: from || null, to: from ? to : null, group: sports.value === "all" ? null : sports.value};
}

// The same as the charts' parameters. A day begins and ends in the reader's own zone, as the days of the data do.
function signals() {
  const [from, to] = period.value.split("/");
  return {period_from: new Date(`${from || filter.dataset.first}T00:00`).getTime(),
    period_to: new Date(`${to}T23:59:59`).getTime(), sports: sports.value};
}

// Figures of one sport group make room for those of the chosen one.
function showFigures(group) {
  for (const figure of document.querySelectorAll("figure[data-group]")) {
    figure.hidden = group !== null && figure.dataset.group !== group;
  }
  for (const section of document.querySelectorAll("section")) {
    const figures = [...section.querySelectorAll("figure")];
    section.querySelector(".nothing").hidden = figures.length === 0 || figures.some(figure => !figure.hidden);
  }
  // A chart that was hidden has missed what became of the window's width.
  dispatchEvent(new Event("resize"));
}

async function applyFilter() {
  const wanted = signals(), {from, to, group} = chosen();
  showFigures(group);
  await Promise.all([...views.values()].map(view => {
    for (const [name, value] of Object.entries(wanted)) view.signal(name, value);
    return view.runAsync();
  }));
  document.dispatchEvent(new CustomEvent("filter", {detail: {from, to, group}}));
}

// Vega's data: a record a row. Days come as numbers since 1970, and are days of the reader's own zone.
function records({columns, days, rows}) {
  const isDay = columns.map(name => days.includes(name));
  return {values: rows.map(row => Object.fromEntries(row.map((value, place) =>
    [columns[place], isDay[place] ? new Date(1970, 0, 1 + value) : value])))};
}

async function draw() {
  const wanted = signals();
  for (const chart of document.querySelectorAll(".chart")) {
    const spec = JSON.parse(document.getElementById(chart.dataset.spec).textContent);
    spec.data = records(spec.data);
    const before = views.get(chart.dataset.spec);
    for (const param of spec.params) {
      if (param.name in wanted) param.value = wanted[param.name];
      else if (before && param.bind) param.value = before.signal(param.name);
    }
    before?.finalize();
    const choosers = chart.parentElement.querySelector(".choosers");
    choosers.replaceChildren();
    const {view} = await vegaEmbed(chart, spec, {renderer: "svg", actions: false, config: theme(), bind: choosers,
      // Vega's interpreter: its compiler would need eval, which the page's policy forbids.
      ast: true, tooltip: {theme: dark.matches ? "dark" : "light"}});
    views.set(chart.dataset.spec, view);
  }
  await applyFilter();
  document.body.dataset.drawn = "yes";
}
draw();
dark.addEventListener("change", draw);
for (const menu of [period, sports]) menu.addEventListener("change", applyFilter);
