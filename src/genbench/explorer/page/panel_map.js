// Map: the t-SNE embedding; a click decodes there, a line drawn around points shows their images.

import { latentsInPython, loading, quoted, testImageInPython, showCode } from "./code.js";
import { find, latest, make } from "./dom.js";
import { decode, encode } from "./model.js";
import { arrayAt, rowAt } from "./pack.js";
import { picture, saveButton } from "./picture.js";

const [WIDTH, HEIGHT, EDGE, MOST] = [620, 460, 12, 120];

export function mapPanel(state) {
  const panel = find("#map"), canvas = find("canvas.map", panel), legend = find(".legend", panel), point = find("#point");
  const [real, made, many] = [picture("image", 160), picture("decoded", 160), picture("images inside the line", 240)];
  canvas.dataset.plot = "map";
  legend.after(saveButton(canvas, "map"));
  find(".pictures", panel).append(real.root, made.root);
  find(".lasso", panel).append(many.root);
  let places = [], chosen = null, inside = [], line = [];

  function layout() {
    const { map } = state.a, points = arrayAt(state.pack, map.points), n = map.images.length;
    const column = (k) => Array.from({ length: n }, (_, i) => points[2 * i + k]);
    const scale = (values, size) => {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      return values.map((value) => EDGE + ((value - low) / (high - low || 1)) * (size - 2 * EDGE));
    };
    const [xs, ys] = [scale(column(0), WIDTH), scale(column(1), HEIGHT)];
    places = xs.map((x, i) => [x, HEIGHT - ys[i]]);
  }

  function paintMap() {
    const ratio = devicePixelRatio || 1, { map } = state.a, { colors } = state.dataset, context = canvas.getContext("2d");
    Object.assign(canvas, { width: WIDTH * ratio, height: HEIGHT * ratio });
    context.scale(ratio, ratio);
    const selected = new Set(inside), style = getComputedStyle(canvas);
    places.forEach(([x, y], i) => {
      const color = colors[map.classes[i]], globalAlpha = selected.size && !selected.has(i) ? 0.25 : 0.9;
      Object.assign(context, { fillStyle: color, strokeStyle: color, globalAlpha });
      context.beginPath();
      if (map.images[i] < 0) { // generated: a cross
        for (const side of [-3, 3]) { context.moveTo(x - 3, y - side); context.lineTo(x + 3, y + side); }
        context.stroke();
      } else { context.arc(x, y, 3.2, 0, 7); context.fill(); }
    });
    Object.assign(context, { globalAlpha: 1, strokeStyle: style.color, lineWidth: 1.5 });
    if (chosen !== null) { context.beginPath(); context.arc(...places[chosen], 7, 0, 7); context.stroke(); }
    if (line.length > 1) { context.beginPath(); line.forEach((at) => context.lineTo(...at)); context.stroke(); }
  }

  // The image of a point: a test image, or what the model makes of a sample's latent.
  async function imageOf(i) {
    const { a, dataset, pack } = state, { map } = a, place = map.images[i];
    if (place >= 0) return rowAt(pack, dataset.test.x, place);
    return decode(a, rowAt(pack, map.z, -place - 1), map.label[-place - 1]);
  }

  const show = latest(panel, async () => {
    if (chosen === null || !state.a.map) return;
    const { a, dataset } = state, { map } = a, place = map.images[chosen], name = dataset.classes[map.classes[chosen]];
    const gray = await imageOf(chosen), label = a.conditional ? map.classes[chosen] : 0;
    const asked = a.conditional ? `, label=${quoted(dataset.classes[label])}` : "";
    if (place < 0) {
      real.show(null);
      made.show(gray, dataset.shape, `a sample of ${a.name}; the classifier's class: ${name}`);
      const z = rowAt(state.pack, map.z, -place - 1);
      const own = a.conditional ? `, label=${map.label[-place - 1]}` : "";
      showCode(panel, () => [...loading(dataset, a, state.run), `z = ${latentsInPython(z)}`, `image = model.decode(z${own})[0]`]);
    } else {
      real.show(gray, dataset.shape, `test image ${dataset.test.numbers[place]}, class ${name}`);
      const z = a.graphs.encode && (await encode(a, gray, label));
      made.show(z && (await decode(a, z, label)), dataset.shape, `decoded by ${a.name} at its code`);
      showCode(panel, () => [...loading(dataset, a, state.run), `image = ${testImageInPython(dataset, dataset.test.numbers[place])}`,
        ...(z ? [`z = model.encode(image[None]${asked})`, `decoded = model.decode(z${asked})[0]`] : [])]);
    }
    point.value = String(chosen);
    paintMap();
  });

  async function showInside() {
    const images = [];
    for (const i of inside.slice(0, MOST)) images.push(await imageOf(i));
    const more = inside.length > MOST ? `, the first ${MOST}` : "";
    many.show(images.length ? images : null, state.dataset.shape, `${inside.length} images inside the line${more}`, Math.min(20, images.length));
    many.canvas.style.height = `${Math.ceil(images.length / 20) * 34}px`;
  }

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * WIDTH) / box.width, ((event.clientY - box.top) * HEIGHT) / box.height];
  };
  const nearestTo = ([x, y]) => places.reduce((best, [px, py], i) => {
    const far = (px - x) ** 2 + (py - y) ** 2;
    return far < best[1] ? [i, far] : best;
  }, [null, Infinity])[0];
  const within = ([x, y]) => line.reduce((is, [ax, ay], i) => {
    const [bx, by] = line[(i + 1) % line.length];
    return ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax ? !is : is;
  }, false);

  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); line = [at(event)]; });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons && line.length) { line.push(at(event)); paintMap(); } });
  canvas.addEventListener("pointerup", (event) => {
    const spread = Math.max(...line.map(([x, y]) => Math.hypot(x - line[0][0], y - line[0][1])));
    if (spread > 8) {
      inside = places.flatMap((each, i) => (within(each) ? [i] : []));
      showInside();
    } else {
      inside = [];
      many.show(null);
      chosen = nearestTo(at(event));
      show();
    }
    line = [];
    paintMap();
  });
  point.addEventListener("input", () => { chosen = Math.min(places.length - 1, Math.max(0, Math.trunc(Number(point.value)) || 0)); show(); });

  function update() {
    const { a, dataset } = state, there = Boolean(a.map);
    find(".shown", panel).hidden = !there;
    find(".why", panel).textContent = there ? SENTENCES[a.map.of](a.name)
      : `There is no map of ${a.name} here: ${state.run ? SENTENCES.run : "the stage tsne made none"}.`;
    [chosen, inside, line] = [null, [], []];
    for (const each of [real, made, many]) each.show(null);
    if (!there) return;
    point.max = String(a.map.images.length - 1);
    legend.replaceChildren(...dataset.classes.map((name, k) => make("span", {}, make("i", { class: "dot", style: `background:${dataset.colors[k]}` }), name)));
    layout();
    paintMap();
  }
  return { reset() {}, update };
}

const SENTENCES = {
  codes: (name) => `The test images' codes under ${name}, by t-SNE; colors are classes.`,
  features: (name) => `${name} has no encoder: features of real images (dots) and of its samples (crosses), by t-SNE; colors are classes.`,
  run: "the page of one run has none; `make explore` makes that of the whole pipeline",
};
