// Anomaly: what an image scores, against test images and threshold, where it errs, what is near.

import { imageInPython, loading, showCode } from "./code.js";
import { corrupt, CORRUPTIONS } from "./corruptions.js";
import { find, latest, make, option, short } from "./dom.js";
import { drawHistogram } from "./histogram.js";
import { decode, encode, errorMap } from "./model.js";
import { arrayAt, rowAt } from "./pack.js";
import { picker } from "./picker.js";
import { picture } from "./picture.js";
import { allScores } from "./scores.js";

export function anomalyPanel(state) {
  const panel = find("#anomaly"), [kind, severity, chosen] = ["#corruption", "#severity", "#score"].map((id) => find(id));
  const redraw = latest(panel, draw);
  const source = picker(state, "image", { changed: () => redraw() });
  const [image, remade, map] = ["image", "reconstruction", "error"].map((name) => picture(name, 176));
  const near = picture("nearest training images", 88), chart = picture("histogram of test images", 180);
  find(".from", panel).prepend(source.root);
  find(".pictures", panel).append(image.root, remade.root, map.root);
  find(".near", panel).append(near.root);
  find(".chart", panel).append(chart.root);

  async function draw() {
    const { a, dataset, pack } = state, { shape } = dataset, picked = source.value(), status = find(".status", panel);
    for (const part of panel.querySelectorAll(".result")) part.hidden = !picked;
    if (!picked) return;
    const amount = Number(severity.value), gray = corrupt(picked.gray, shape, kind.value, amount);
    image.show(gray, shape, amount ? `${picked.title}, ${kind.value} ${amount}` : picked.title);
    const report = (share) => { status.textContent = share < 1 ? `Features of the training images: ${Math.round(100 * share)} % …` : ""; };
    const scored = await allScores(pack, dataset, a, gray, report);
    if (state.a !== a) return; // another model was chosen meanwhile
    await drawError(a, gray, scored.label, shape);
    table(a, scored.values);
    const places = scored.neighbors.map(({ place }) => place), numbers = places.map((place) => dataset.train.numbers[place]);
    near.show(places.map((place) => rowAt(pack, dataset.train.x, place)), shape,
      `nearest training images in the features of ${a.name}: ${numbers.join(", ")}`, places.length);
    showCode(panel, () => [
      ...loading(dataset, a, state.run),
      `image = ${amount || !picked.python ? imageInPython(gray, shape) : picked.python()}`,
      "for name, score in model.scores(image[None]).items():", "    print(name, score[0])",
    ]);
  }

  // On the scale of the model's errors in test images: one of its own would find errors in every image.
  async function drawError(a, gray, label, shape) {
    const lacking = [["encode", "encoder, so there is no reconstruction"], ["errors", "map of errors"]].filter(([name]) => !a.graphs[name]);
    find(".why", panel).textContent = lacking.length ? `${a.name} has no ${lacking.map(([, what]) => what).join(", and no ")}.` : "";
    if (a.graphs.encode) remade.show(await decode(a, await encode(a, gray, label), label), shape, `reconstruction by ${a.name}`);
    else remade.show(null);
    if (!a.graphs.errors) { map.show(null); return; }
    const white = a.error_white, errors = await errorMap(a, gray, label);
    map.show(Array.from(errors, (error) => Math.min(255, (255 * error) / white)), [1, ...shape.slice(1)],
      `error per pixel; white: ${short(white)}`);
  }

  function table(a, values) {
    const rows = a.scores.map(({ name, threshold, test }) => {
      const known = arrayAt(state.pack, test), below = known.reduce((n, each) => n + (each < values[name]), 0) / known.length;
      const over = values[name] > threshold;
      return make("tr", {}, make("th", { scope: "row" }, name), make("td", { "data-value": String(values[name]) }, short(values[name])),
        make("td", {}, short(threshold)), make("td", {}, `${(100 * below).toFixed(1)} %`),
        make("td", { class: over ? "warning" : "" }, over ? "anomaly" : "normal"));
    });
    find("tbody", panel).replaceChildren(...rows);
    const score = a.scores.find(({ name }) => name === chosen.value);
    find(".chart", panel).hidden = !score;
    if (!score) return;
    const share = `${short(100 * state.dataset.quantile)} % of the validation images are below the threshold`;
    chart.show([], [1, 1, 1], `${score.name} of this image, and of the test images (gray); ${share}`, 1);
    drawHistogram(chart.canvas, arrayAt(state.pack, score.test), score.threshold, values[score.name], short);
  }

  function setKind() {
    const [most, step, unit] = CORRUPTIONS[kind.value], usual = state.dataset.severities[kind.value];
    Object.assign(severity, { min: "0", max: String(most), step: String(step), value: "0" });
    find(".unit", panel).textContent = `${unit}${usual === undefined ? "" : `; the pipeline takes ${usual}`}`;
    tell();
  }
  const tell = () => { find("output", severity.parentElement).textContent = severity.value; };
  kind.replaceChildren(...Object.keys(CORRUPTIONS).map((name) => option(name)));
  kind.addEventListener("change", () => { setKind(); redraw(); });
  severity.addEventListener("input", () => { tell(); redraw(); });
  chosen.addEventListener("change", redraw);
  function scoresOf(a) {
    chosen.replaceChildren(...a.scores.map(({ name }) => option(name)));
    const reasons = Object.entries(a.left_out).map(([name, reason]) => `${name}: ${reason}`);
    find(".leftout", panel).textContent = reasons.length ? `Not in this page: ${reasons.join("; ")}.` : "";
  }
  return {
    reset() { scoresOf(state.a); setKind(); source.reset(); },
    update() { scoresOf(state.a); redraw(); },
  };
}
