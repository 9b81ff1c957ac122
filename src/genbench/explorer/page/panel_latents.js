// Latents: sliders that move one latent, or along one direction, and the image that follows.

import { latentsInPython, loading, quoted, showCode } from "./code.js";
import { find, latest, make, short } from "./dom.js";
import { coordinate, drawLatents, moved } from "./latents.js";
import { decode } from "./model.js";
import { rowAt } from "./pack.js";
import { picture } from "./picture.js";

const FEW = 12, LIMIT = 3, NONE = 4; // sliders shown at first; their range; a truncation of no effect

export function latentsPanel(state) {
  const panel = find("#latents"), sliders = find(".sliders", panel), pictures = find(".pictures", panel);
  const [seed, truncation, more] = ["#seed", "#truncation", "#more"].map((id) => find(id));
  const figures = [picture("image of the model", 256), picture("image of the model beside it", 256)];
  pictures.append(...figures.map(({ root }) => root));
  let z = new Float32Array(), other = z, rows = [], all = false;

  const directions = () => state.a.directions;
  const direction = (i) => rowAt(state.pack, directions().vectors, i);

  const redraw = latest(panel, async () => {
    const { a, b, label, dataset } = state, images = [await decode(a, z, label)];
    if (b) images.push(await decode(b, other, label));
    [a, b].forEach((model, i) => figures[i].show(model && images[i], dataset.shape, model?.name));
    showCode(panel, () => [
      ...loading(dataset, a, state.run),
      `z = ${latentsInPython(z)}`,
      `image = model.decode(z${a.conditional ? `, label=${quoted(dataset.classes[label])}` : ""})[0]`,
    ]);
  });

  function place() {
    for (const { input, output, i } of rows) {
      input.value = String(coordinate(z, direction(i)));
      output.textContent = coordinate(z, direction(i)).toFixed(2);
    }
  }
  // the other model has the same latents if it has as many, else its own of the same seed
  function follow() {
    if (state.b) other = state.b.latent_dim === z.length ? z : drawLatents(state.b.latent_dim, Number(seed.value), Number(truncation.value));
    const differs = state.b && state.b.latent_dim !== z.length;
    find(".beside", panel).textContent = differs
      ? `${state.b.name} has ${state.b.latent_dim} latents and ${state.a.name} ${z.length}: each has its own, of the same seed.` : "";
    redraw();
  }
  function draw() {
    const limit = Number(truncation.value);
    find("output", truncation.parentElement).textContent = limit >= NONE ? "none" : limit.toFixed(1);
    z = drawLatents(state.a.latent_dim, Math.trunc(Number(seed.value)) || 0, limit >= NONE ? Infinity : limit);
    place();
    follow();
  }
  function setLatents(latents) {
    z = Float32Array.from(latents);
    place();
    follow();
  }

  function build() {
    const { kind, weights, latents } = directions(), n = all ? weights.length : Math.min(FEW, weights.length);
    find(".kind", panel).textContent = WEIGHTS[kind];
    more.hidden = weights.length <= FEW;
    more.textContent = all ? `the first ${FEW} only` : `all ${weights.length}`;
    rows = Array.from({ length: n }, (_, i) => {
      const name = latents ? `latent ${latents[i]}` : `direction ${i + 1}`;
      const amount = latents ? `KL ${short(weights[i])}` : `${(100 * weights[i]).toPrecision(2)} %`;
      const input = make("input", { type: "range", min: String(-LIMIT), max: String(LIMIT), step: "0.01" });
      const output = make("output");
      input.addEventListener("input", () => {
        z = moved(z, direction(i), Number(input.value));
        output.textContent = Number(input.value).toFixed(2);
        follow();
      });
      return { input, output, i, label: make("label", {}, make("span", {}, name, make("small", {}, ` ${amount}`)), input, output) };
    });
    sliders.replaceChildren(...rows.map(({ label }) => label));
  }

  seed.addEventListener("input", draw);
  truncation.addEventListener("input", draw);
  find("#next").addEventListener("click", () => { seed.value = String(Math.trunc(Number(seed.value)) + 1); draw(); });
  find("#zero").addEventListener("click", () => setLatents(new Float32Array(state.a.latent_dim)));
  more.addEventListener("click", () => { all = !all; build(); place(); });
  return {
    reset() { build(); draw(); },
    update: follow,
  };
}

const WEIGHTS = {
  KL: "Latents by their KL to the prior, in nats: what the model says of an image by each.",
  "variance of codes": "Principal components of the test images' codes, by their share of the variance: single latents mix, or are the noise of one pixel each.",
  "change of pixels": "Directions in which images change most, by their share of the change of all pixels.",
};
