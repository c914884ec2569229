// Draws each chart from the specification beside it, in the colours of the reader's system.
const dark = matchMedia("(prefers-color-scheme: dark)");
function theme() {
  const style = getComputedStyle(document.documentElement), of = name => style.getPropertyValue(name).trim();
  return {background: null, font: "system-ui, sans-serif", view: {stroke: null},
    axis: {labelColor: of("--soft"), titleColor: of("--soft"), gridColor: of("--line"), domainColor: of("--line"),
      tickColor: of("--line"), labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal"},
    legend: {labelColor: of("--ink"), titleColor: of("--soft"), labelFontSize: 12, orient: "bottom", columns: innerWidth < 600 ? 2 : 6,
      titleFontWeight: "normal"}};
}
async function draw() {
  for (const chart of document.querySelectorAll(".chart")) {
    const spec = JSON.parse(document.getElementById(chart.dataset.spec).textContent);
    await vegaEmbed(chart, spec, {renderer: "svg", actions: false, config: theme(),
      // Vega's interpreter: its compiler would need eval, which the page's policy forbids.
      ast: true, tooltip: {theme: dark.matches ? "dark" : "light"}});
  }
  document.body.dataset.drawn = "yes";
}
draw();
dark.addEventListener("change", draw);
