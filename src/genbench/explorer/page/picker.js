// Choosing an image: of the test images, of foreign ones, a file, a drawing, or (latents) a seed.

import { imageInPython, testImageInPython } from "./code.js";
import { find, make, option } from "./dom.js";
import { rowAt } from "./pack.js";
import { pencil } from "./pencil.js";
import { readPicture } from "./upload.js";

let count = 0;

// Returns { root, reset(dataset), value() }; value is { gray, place, title, python } or { seed }.
export function picker(state, title, { changed, first = 0, seeds = false }) {
  const id = `pick${count++}`;
  const source = make("select", { id: `${id}-source` });
  const number = make("input", { id: `${id}-number`, type: "number", min: "0", step: "1", value: String(first) });
  const file = make("input", { id: `${id}-file`, type: "file", accept: "image/*" });
  const note = make("p", { class: "note", role: "status" });
  const drawing = pencil(() => state.dataset.shape, () => changed());
  const numbered = make("label", {}, make("span", {}, "number "), number);
  const field = make("label", {}, "picture ", file);
  const root = make("fieldset", { class: "picker" }, make("legend", {}, title),
    make("label", {}, "from ", source), numbered, field, drawing.root, note);
  let upload = null;

  function update() {
    const kind = source.value.split(":")[0];
    numbered.hidden = !["test", "other", "seed"].includes(kind);
    find("span", numbered).textContent = kind === "seed" ? "seed " : "number ";
    field.hidden = kind !== "file";
    drawing.root.hidden = kind !== "drawing";
    if (kind !== "file") note.textContent = "";
    changed();
  }
  async function read(picture) {
    note.classList.remove("warning");
    try {
      upload = await readPicture(picture, state.dataset.shape);
      note.textContent = upload.note;
    } catch (error) {
      upload = null;
      note.classList.add("warning");
      note.textContent = error.message;
    }
    source.value = "file";
    update();
  }
  source.addEventListener("change", update);
  number.addEventListener("input", () => changed());
  file.addEventListener("change", () => { if (file.files[0]) read(file.files[0]); });
  root.addEventListener("dragover", (event) => event.preventDefault());
  root.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) read(event.dataTransfer.files[0]);
  });

  function reset() {
    const { dataset } = state;
    upload = null;
    file.value = "";
    source.replaceChildren(option("test", `test images (${dataset.test.labels.length})`),
      ...dataset.others.map(({ name }, i) => option(`other:${i}`, `${name} (foreign)`)),
      option("drawing", "a drawing"), option("file", "a file of mine"), ...(seeds ? [option("seed", "random latents")] : []));
    update();
  }
  const within = (n) => Math.min(n - 1, Math.max(0, Math.trunc(Number(number.value)) || 0));

  function value() {
    const { dataset, pack } = state, [kind, index] = source.value.split(":"), { shape, classes } = dataset;
    const own = (gray, text) => ({ gray, title: text, python: () => imageInPython(gray, shape) });
    if (kind === "seed") return { seed: Math.trunc(Number(number.value)) || 0, title: `seed ${number.value}` };
    if (kind === "drawing") return own(drawing.gray(), "drawing");
    if (kind === "file") return upload && own(upload.gray, "own picture");
    if (kind === "other") {
      const { name, x } = dataset.others[index];
      return own(rowAt(pack, x, within(x.shape[0])), name);
    }
    const place = within(dataset.test.labels.length), label = dataset.test.labels[place];
    const name = classes.length > 1 ? `, class ${classes[label]}` : "";
    return {
      gray: rowAt(pack, dataset.test.x, place), label, title: `test image ${dataset.test.numbers[place]}${name}`,
      python: () => testImageInPython(dataset, dataset.test.numbers[place]),
    };
  }
  function choose(kind, n) {
    source.value = kind;
    number.value = n;
    update();
  }
  return { root, reset, value, choose };
}
