// Places are parts of the world's width in Web Mercator: x eastwards, y southwards.
function placeOf(latitude, longitude) {
  return [longitude / 360 + 0.5, 0.5 - Math.asinh(Math.tan(latitude * Math.PI / 180)) / (2 * Math.PI)];
}

// An encoded polyline as x, y, x, y, …
function decodeLine(text) {
  const line = [], sums = [0, 0];
  let number = 0, shift = 0, which = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) - 63;
    number += (code & 31) * 2 ** shift;
    shift += 5;
    if (code < 32) {
      sums[which] += number % 2 ? -(number + 1) / 2 : number / 2;
      if (which) line.push(...placeOf(sums[0] / 1e5, sums[1] / 1e5));
      which = 1 - which;
      number = shift = 0;
    }
  }
  return Float64Array.from(line);
}

function boxOf(lines) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const line of lines) for (let i = 0; i < line.length; i += 2) {
    box[0] = Math.min(box[0], line[i]); box[2] = Math.max(box[2], line[i]);
    box[1] = Math.min(box[1], line[i + 1]); box[3] = Math.max(box[3], line[i + 1]);
  }
  return box;
}
