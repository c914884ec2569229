// Draws the tracks on a canvas, with the places of places.js.
const EARTH_M = 40075016.7, MOST_ZOOM = 2 ** 24, NEAR_PX = 12, STEP_PX = 80, REST_MS = 120;

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function chooser(title, names, choose) {
  const menu = element("select", {}, ...names.map((name, place) => element("option", {value: place}, name)));
  menu.addEventListener("change", () => choose(Number(menu.value)));
  return element("label", {}, `${title} `, menu);
}

class TrackMap {
  constructor(figure) {
    const data = JSON.parse(document.getElementById(figure.dataset.tracks).textContent);
    this.data = data;
    this.tracks = data.tracks.map(([id, name, day, group, distance, text]) => {
      const lines = text.split(" ").map(decodeLine);
      return {id, name: data.names[name], day, group, distance, lines, box: boxOf(lines),
        year: data.years.findIndex(([year]) => year === Number(day.slice(0, 4)))};
    });
    this.boxes = data.regions.map(([, south, west, north, east]) => [...placeOf(north, west), ...placeOf(south, east)]);
    this.boxes.push(boxOf(this.tracks.map(track => [track.box[0], track.box[1], track.box[2], track.box[3]])));
    this.filter = {from: null, to: null, group: null};
    this.off = new Set();
    this.pointers = new Map();
    this.picture = document.createElement("canvas");
    this.build(figure);
    this.listen();
    this.legendOf("group");
    this.fit(0);
    new ResizeObserver(() => this.redraw()).observe(this.canvas);
  }

  build(figure) {
    const button = (text, label, act) => {
      const made = element("button", {type: "button", "aria-label": label}, text);
      made.addEventListener("click", act);
      return made;
    };
    const regions = [...this.data.regions.map(([name]) => name), "everything"];
    this.region = chooser("Region", regions, place => this.fit(place));
    this.tiles = element("input", {type: "checkbox"});
    this.tiles.addEventListener("change", () => this.repaint());
    this.canvas = element("canvas", {tabindex: 0, role: "application", "aria-roledescription": "map",
      "aria-label": `${figure.getAttribute("aria-label")}. Arrow keys move it, plus and minus zoom, 0 shows the region.`});
    this.legend = element("div", {class: "legend"});
    this.tip = element("div", {class: "tip", role: "status", hidden: ""});
    figure.append(
      element("div", {class: "bar"}, button("+", "Zoom in", () => this.zoom(2)), button("−", "Zoom out", () => this.zoom(0.5)),
        button("⌂", "Show the chosen region again", () => this.fit()), this.region,
        chooser("Colours", ["by sport", "by year"], place => this.legendOf(place ? "year" : "group")),
        ...(this.data.tiles.visited.length ? [element("label", {}, this.tiles, ` tiles visited (zoom ${this.data.tiles.zoom})`)] : [])),
      this.canvas, this.tip, this.legend,
      this.count = element("small", {"aria-live": "polite"}),
      element("small", {}, " Drag, or click the map first to zoom with the wheel or two fingers; hover or tap a track for its activity."));
  }

  listen() {
    const canvas = this.canvas, keys = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
    canvas.addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const way = keys[event.key];
      if (way) this.pan(-way[0] * STEP_PX, -way[1] * STEP_PX);
      else if (event.key === "+" || event.key === "=") this.zoom(2);
      else if (event.key === "-") this.zoom(0.5);
      else if (event.key === "0") this.fit();
      else if (event.key === "Escape") this.name(null);
      else return;
      event.preventDefault();
    });
    canvas.addEventListener("wheel", event => {
      // Who only scrolls past is not held up.
      if (document.activeElement !== canvas && !event.ctrlKey) return;
      event.preventDefault();
      this.zoom(2 ** (-event.deltaY * (event.deltaMode ? 20 : 1) / 300), event.offsetX, event.offsetY);
    }, {passive: false});
    canvas.addEventListener("pointerdown", event => {
      canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
      this.moved = 0;
    });
    canvas.addEventListener("pointermove", event => this.pointerMoved(event));
    canvas.addEventListener("pointerup", event => {
      this.pointers.delete(event.pointerId);
      if (this.moved < 5) this.name(this.nearest(event.offsetX, event.offsetY), event.offsetX, event.offsetY, true);
    });
    canvas.addEventListener("pointercancel", event => this.pointers.delete(event.pointerId));
    canvas.addEventListener("pointerleave", () => { if (!this.isPinned) this.name(null); });
    document.addEventListener("filter", event => { this.filter = event.detail; this.name(null); this.repaint(); });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
  }

  pointerMoved(event) {
    const x = event.offsetX, y = event.offsetY, before = this.pointers.get(event.pointerId);
    if (!before) {
      if (!this.isPinned) this.name(this.nearest(x, y), x, y);
      return;
    }
    this.moved += Math.hypot(x - before[0], y - before[1]);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, [x, y]);
    if (other) {
      const span = Math.hypot(before[0] - other[0], before[1] - other[1]);
      this.zoom(Math.hypot(x - other[0], y - other[1]) / Math.max(span, 1), (x + other[0]) / 2, (y + other[1]) / 2);
    } else this.pan(x - before[0], y - before[1]);
  }

  // The box of a region, with a margin; without a number that of the menu.
  fit(place = Number(this.region.querySelector("select").value)) {
    const [west, north, east, south] = this.boxes[place], {clientWidth: width, clientHeight: height} = this.canvas;
    this.x = (west + east) / 2;
    this.y = (north + south) / 2;
    // Widths of the world in pixels; a single point is shown as a kilometre.
    this.scale = 0.92 * Math.min(width / Math.max(east - west, 2.5e-5), height / Math.max(south - north, 2.5e-5));
    this.name(null);
    this.repaint();
  }

  zoom(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const scale = Math.min(Math.max(this.scale * factor, 128), 16 * MOST_ZOOM);
    const right = x - this.canvas.clientWidth / 2, down = y - this.canvas.clientHeight / 2;
    this.x += right / this.scale - right / scale;
    this.y += down / this.scale - down / scale;
    this.scale = scale;
    this.name(null);
  }

  pan(right, down) {
    this.x -= right / this.scale;
    this.y = Math.min(Math.max(this.y - down / this.scale, 0), 1);
    this.name(null);
  }

  legendOf(by) {
    this.by = by;
    this.off.clear();
    const named = by === "group" ? this.data.groups.map(([, name, colour]) => [name, colour]) : this.data.years;
    this.colours = named.map(([, colour]) => colour);
    this.legend.replaceChildren(...named.map(([name, colour], place) => {
      const swatch = element("i", {});
      swatch.style.background = colour;
      const made = element("button", {type: "button", "aria-pressed": "true"}, swatch, String(name));
      made.addEventListener("click", () => {
        if (!this.off.delete(place)) this.off.add(place);
        made.setAttribute("aria-pressed", String(!this.off.has(place)));
        this.name(null);
        this.repaint();
      });
      return made;
    }));
    this.repaint();
  }

  // Those of the page's filter and the legend that have a part in what is seen.
  seen() {
    const {from, to, group} = this.filter, {clientWidth: width, clientHeight: height} = this.canvas;
    const west = this.x - width / 2 / this.scale, east = this.x + width / 2 / this.scale;
    const north = this.y - height / 2 / this.scale, south = this.y + height / 2 / this.scale;
    return this.tracks.filter(track => (!from || track.day >= from) && (!to || track.day <= to)
      && (!group || this.data.groups[track.group][0] === group) && !this.off.has(track[this.by])
      && track.box[2] >= west && track.box[0] <= east && track.box[3] >= north && track.box[1] <= south);
  }

  nearest(x, y) {
    const atX = this.x + (x - this.canvas.clientWidth / 2) / this.scale, atY = this.y + (y - this.canvas.clientHeight / 2) / this.scale;
    const reach = NEAR_PX / this.scale;
    let best = null, least = reach ** 2;
    for (const track of this.seen()) {
      const [west, north, east, south] = track.box;
      if (atX < west - reach || atX > east + reach || atY < north - reach || atY > south + reach) continue;
      for (const line of track.lines) for (let i = 2; i < line.length; i += 2) {
        const alongX = line[i] - line[i - 2], alongY = line[i + 1] - line[i - 1], toX = atX - line[i - 2], toY = atY - line[i - 1];
        const share = Math.min(Math.max((alongX * toX + alongY * toY) / (alongX ** 2 + alongY ** 2 || 1), 0), 1);
        const off = (toX - share * alongX) ** 2 + (toY - share * alongY) ** 2;
        // Of those on one way the newest, which is drawn on top.
        if (off <= least) [best, least] = [track, off];
      }
    }
    return best;
  }

  // Names a track beside the pointer, and a link to it once it is pinned by a click; null takes the name away.
  name(track, x = 0, y = 0, isPinned = false) {
    this.named = track;
    this.isPinned = isPinned && track !== null;
    this.tip.hidden = track === null;
    this.canvas.style.cursor = track ? "pointer" : "";
    if (track) {
      const title = track.name || "without a name", url = `https://www.strava.com/activities/${track.id}`;
      const link = track.id > 0 ? element("a", {href: url, rel: "noreferrer"}, title) : title;
      this.tip.replaceChildren(link, element("br", {}), `${track.day}, ${this.data.groups[track.group][1].toLowerCase()}, `,
        `${track.distance.toFixed(1)} ${this.data.unit}`);
      const right = x > this.canvas.clientWidth / 2;
      this.tip.style.left = right ? "" : `${x + 14}px`;
      this.tip.style.right = right ? `${this.canvas.clientWidth - x + 14}px` : "";
      this.tip.style.top = `${this.canvas.offsetTop + y + 14}px`;
    }
    this.redraw();
  }

  // What has to be painted anew, and not only shown at another place or size.
  repaint() {
    this.painted = undefined;
    this.redraw();
  }

  redraw() {
    this.frame ??= requestAnimationFrame(() => { this.frame = undefined; this.draw(); });
  }

  // Moves with the pointer at once: thousands of tracks are painted when it rests, until then their picture is shown.
  draw() {
    const {canvas} = this, width = canvas.clientWidth, height = canvas.clientHeight, dense = Math.min(devicePixelRatio || 1, 2);
    if (!width) return;
    const size = [Math.round(width * dense), Math.round(height * dense)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) {
      [canvas.width, canvas.height] = [this.picture.width, this.picture.height] = size;
      this.painted = undefined;
    }
    if (!this.painted) this.paint(dense);
    const {x, y, scale} = this.painted, times = this.scale / scale;
    clearTimeout(this.later);
    if (x !== this.x || y !== this.y || times !== 1) this.later = setTimeout(() => this.repaint(), REST_MS);
    const style = getComputedStyle(canvas), pen = canvas.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.drawImage(this.picture, width / 2 * (1 - times) + (x - this.x) * this.scale,
      height / 2 * (1 - times) + (y - this.y) * this.scale, width * times, height * times);
    if (this.named) {
      pen.lineJoin = "round";
      pen.lineWidth = 6;
      this.stroke(pen, this.named, style.getPropertyValue("--paper"));
      pen.lineWidth = 3;
      this.stroke(pen, this.named, style.getPropertyValue("--ink"));
    }
    this.drawScale(pen, height, style.getPropertyValue("--ink"));
  }

  paint(dense) {
    const pen = this.picture.getContext("2d"), tracks = this.seen();
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    if (this.tiles.checked) this.drawTiles(pen, getComputedStyle(this.canvas).getPropertyValue("--accent"));
    pen.lineJoin = "round";
    pen.globalAlpha = 0.6;
    pen.lineWidth = 1.6;
    for (const track of tracks) this.stroke(pen, track, this.colours[track[this.by]]);
    pen.globalAlpha = 1;
    this.painted = {x: this.x, y: this.y, scale: this.scale};
    const count = `${tracks.length || "No"} track${tracks.length === 1 ? "" : "s"} in view.`;
    if (this.count.textContent !== count) this.count.textContent = count;
  }

  // Corners less than a pixel from the last one make no difference.
  stroke(pen, track, colour) {
    const left = this.canvas.clientWidth / 2 - this.x * this.scale, top = this.canvas.clientHeight / 2 - this.y * this.scale;
    pen.strokeStyle = colour;
    pen.beginPath();
    for (const line of track.lines) {
      let x = left + line[0] * this.scale, y = top + line[1] * this.scale;
      pen.moveTo(x, y);
      for (let i = 2; i < line.length; i += 2) {
        const nextX = left + line[i] * this.scale, nextY = top + line[i + 1] * this.scale;
        if (Math.abs(nextX - x) + Math.abs(nextY - y) < 1 && i < line.length - 2) continue;
        pen.lineTo(x = nextX, y = nextY);
      }
    }
    pen.stroke();
  }

  drawTiles(pen, colour) {
    const {zoom, visited} = this.data.tiles, side = this.scale / 2 ** zoom, {from, to} = this.filter;
    const left = this.canvas.clientWidth / 2 - this.x * this.scale, top = this.canvas.clientHeight / 2 - this.y * this.scale;
    pen.fillStyle = colour;
    pen.globalAlpha = 0.22;
    for (const [x, y, day] of visited) {
      // What no longer can be seen as a square is still a dot.
      if ((!from || day >= from) && (!to || day <= to)) pen.fillRect(left + x * side, top + y * side, Math.max(side - 0.5, 1.5), Math.max(side - 0.5, 1.5));
    }
  }

  // A bar of a round length at most 150 pixels long, in the reader's unit.
  drawScale(pen, height, colour) {
    const latitude = Math.atan(Math.sinh(2 * Math.PI * (0.5 - this.y)));
    const unitPx = this.scale * this.data.unit_m / (EARTH_M * Math.cos(latitude));
    const ten = 10 ** Math.floor(Math.log10(150 / unitPx)), length = [5, 2, 1].find(times => times * ten * unitPx <= 150) * ten;
    pen.fillStyle = colour;
    pen.fillRect(12, height - 14, length * unitPx, 3);
    pen.font = "12px system-ui, sans-serif";
    pen.fillText(`${Number(length.toPrecision(1))} ${this.data.unit}`, 12, height - 20);
  }
}

for (const figure of document.querySelectorAll("figure.map")) new TrackMap(figure);
