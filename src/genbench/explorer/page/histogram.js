// A histogram of the test images' scores, the threshold in it, and where one image is.

const BINS = 40, MARGIN = 24;

export function drawHistogram(canvas, values, threshold, value, text) {
  const ratio = devicePixelRatio || 1, [width, height] = [520, 180], style = getComputedStyle(canvas);
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  canvas.dataset.plot = "yes";
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  context.fillStyle = style.backgroundColor;
  context.fillRect(0, 0, width, height);
  let [low, high] = [threshold, threshold];
  for (const each of values) [low, high] = [Math.min(low, each), Math.max(high, each)];
  const shown = Math.min(Math.max(value, low - (high - low) / 2), high + (high - low)); // a far one stands at the edge
  [low, high] = [Math.min(low, shown), Math.max(high, shown)];
  const x = (v) => 8 + ((v - low) / (high - low || 1)) * (width - 16), counts = new Array(BINS).fill(0);
  for (const each of values) counts[Math.min(BINS - 1, Math.floor(((each - low) / (high - low || 1)) * BINS))]++;
  const most = Math.max(...counts), base = height - MARGIN;
  context.fillStyle = style.getPropertyValue("--soft");
  counts.forEach((count, i) => {
    const tall = (count / most) * (base - 30);
    context.fillRect(8 + (i * (width - 16)) / BINS, base - tall, (width - 16) / BINS - 1, tall);
  });
  context.font = "12px sans-serif";
  const line = (v, color, words, y, dash) => {
    Object.assign(context, { strokeStyle: color, fillStyle: color, lineWidth: 2 });
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(x(v), y + 4);
    context.lineTo(x(v), base);
    context.stroke();
    context.textAlign = x(v) > width / 2 ? "right" : "left";
    context.fillText(words, x(v), y);
  };
  line(threshold, style.color, `threshold ${text(threshold)}`, 12, [4, 3]);
  line(shown, style.getPropertyValue(value > threshold ? "--bad" : "--link"), `${shown === value ? "" : "far off: "}this image ${text(value)}`, 26, []);
  context.fillStyle = style.color;
  context.textAlign = "left";
  context.fillText(text(low), 8, height - 6);
  context.textAlign = "right";
  context.fillText(text(high), width - 8, height - 6);
}
