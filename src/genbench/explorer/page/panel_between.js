// Between images: reconstructions of two, the path from one code to the other, other classes.

import { latentsInPython, loading, quoted, showCode } from "./code.js";
import { find, latest, make, option } from "./dom.js";
import { drawLatents, lerp, shifted, slerp } from "./latents.js";
import { decode, encode } from "./model.js";
import { arrayAt } from "./pack.js";
import { picker } from "./picker.js";
import { picture } from "./picture.js";

const STEPS = 9;
const PATHS = { slerp, lerp };

export function betweenPanel(state) {
  const panel = find("#between"), [path, t, own] = ["#path", "#t", "#own"].map((id) => find(id));
  const redraw = latest(panel, draw);
  const pickers = ["start", "end"].map((title, i) => picker(state, title, { changed: () => redraw(), first: i, seeds: true }));
  const ends = pickers.map((_, i) => [picture(`${["start", "end"][i]}`, 112), picture("reconstruction", 112)]);
  const [strip, point, arithmetic] = [picture("path", 76), picture("point on the path", 192), picture("classes", 76)];
  find(".ends", panel).append(...pickers.map(({ root }, i) => make("div", { class: "pictures" }, root, ...ends[i].map((each) => each.root))));
  find(".path", panel).append(strip.root, point.root);
  find(".arithmetic", panel).append(arithmetic.root);

  // The latents of what was picked, and what is known of it; null where there is none.
  async function codeOf(picked, label) {
    const { a } = state;
    if (!picked) return null;
    if (picked.seed !== undefined) return { ...picked, z: drawLatents(a.latent_dim, picked.seed, Infinity) };
    return a.graphs.encode ? { ...picked, z: await encode(a, picked.gray, label) } : { ...picked, z: null };
  }

  async function draw() {
    const { a, dataset } = state, { shape } = dataset, picked = pickers.map((each) => each.value());
    const label = a.conditional ? state.label : 0, codes = [];
    for (const each of picked) codes.push(await codeOf(each, label));
    for (const [i, [image, reconstruction]] of ends.entries()) {
      image.show(picked[i]?.gray, shape, picked[i]?.title);
      const z = codes[i]?.z;
      reconstruction.show(z && (await decode(a, z, label)), shape, picked[i]?.gray ? `reconstruction by ${a.name}` : `${a.name}, ${picked[i]?.title}`);
    }
    find(".why", panel).textContent = codes.some((each) => each && !each.z)
      ? `${a.name} has no encoder: it makes images of latents, but finds no latents of an image. Choose “random latents” for both ends.` : "";
    await drawPath(codes, label);
    await drawClasses(codes[0], label);
  }

  async function drawPath([start, end], label) {
    const { a, dataset } = state, along = PATHS[path.value], ready = Boolean(start?.z && end?.z);
    find(".path", panel).hidden = !ready;
    if (!ready) return;
    const images = [];
    for (let i = 0; i < STEPS; i++) images.push(await decode(a, along(start.z, end.z, i / (STEPS - 1)), label));
    strip.show(images, dataset.shape, `${a.name}: ${path.value} from ${start.title} to ${end.title}`, STEPS);
    const share = Number(t.value), z = along(start.z, end.z, share);
    point.show(await decode(a, z, label), dataset.shape, `${a.name} at ${share.toFixed(2)} of the way`);
    const asked = a.conditional ? `, label=${quoted(dataset.classes[label])}` : "";
    const side = (each) => each.python?.() ?? `${latentsInPython(each.z)}[0]`;
    showCode(panel, () => [
      ...loading(dataset, a, state.run), `start = ${side(start)}`, `end = ${side(end)}`,
      `images = model.interpolate(start, end, steps=${STEPS}, path="${path.value}"${asked})`,
    ]);
  }

  // The start with its class exchanged: its code minus the mean code of its class, plus another's.
  async function drawClasses(start, label) {
    const { a, dataset, pack } = state, { classes, shape } = dataset, section = find(".arithmetic", panel);
    section.hidden = !(start?.z && a.class_means && classes.length > 1);
    if (section.hidden) return;
    if (start.label !== undefined && own.dataset.of !== start.title) own.value = String(start.label);
    own.dataset.of = start.title;
    const means = arrayAt(pack, a.class_means), images = [], names = [];
    for (const [k, name] of classes.entries()) {
      const z = shifted(start.z, means, Number(own.value), k);
      if (z) { images.push(await decode(a, z, a.conditional ? k : label)); names.push(name); }
    }
    arithmetic.show(images, shape, `${start.title} as ${names.join(", ")}`, Math.min(10, images.length));
  }

  t.addEventListener("input", redraw);
  for (const select of [path, own]) select.addEventListener("change", redraw);
  return {
    reset() {
      own.replaceChildren(...state.dataset.classes.map((name, k) => option(k, name)));
      for (const each of pickers) each.reset();
      if (!state.a.graphs.encode) for (const [i, each] of pickers.entries()) each.choose("seed", i);
    },
    update: redraw,
  };
}
