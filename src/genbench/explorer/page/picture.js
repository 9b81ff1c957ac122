// Pictures of the page: gray levels on a canvas, enlarged without smoothing, to be had as PNG.

import { make } from "./dom.js";

export function paint(canvas, gray, [channels, height, width]) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true }), data = context.createImageData(width, height), size = height * width;
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) data.data[4 * i + c] = gray[(channels === 3 ? c * size : 0) + i];
    data.data[4 * i + 3] = 255;
  }
  context.putImageData(data, 0, 0);
}

// Many images as one, in rows of `columns`, two pixels apart.
export function paintGrid(canvas, images, shape, columns) {
  const [, height, width] = shape, rows = Math.ceil(images.length / columns), tile = document.createElement("canvas");
  Object.assign(canvas, { width: columns * (width + 2) - 2, height: Math.max(1, rows * (height + 2) - 2) });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  images.forEach((gray, i) => {
    paint(tile, gray, shape);
    context.drawImage(tile, (i % columns) * (width + 2), Math.floor(i / columns) * (height + 2));
  });
}

function save(canvas, name) {
  const scale = canvas.dataset.plot ? 1 : Math.max(1, Math.round(256 / canvas.height)), large = document.createElement("canvas");
  Object.assign(large, { width: canvas.width * scale, height: canvas.height * scale });
  const context = large.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, large.width, large.height);
  large.toBlob((blob) => {
    const link = make("a", { href: URL.createObjectURL(blob), download: `${name}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}

export function saveButton(canvas, name) {
  const button = make("button", { type: "button", class: "variant", "aria-label": `save ${name} as PNG` }, "PNG");
  button.addEventListener("click", () => save(canvas, name.replace(/[^\w]+/g, "-")));
  return button;
}

// A figure with one canvas, a caption and a button that saves it; `height` in CSS pixels.
export function picture(name, height) {
  const canvas = make("canvas", { role: "img", "aria-label": name, style: `height:${height}px` });
  const caption = make("figcaption", {}, name);
  const root = make("figure", { class: "made" }, canvas, make("div", {}, caption, saveButton(canvas, name)));
  const show = (images, shape, text, columns) => {
    root.hidden = !images;
    if (!images) return;
    if (columns) paintGrid(canvas, images, shape, columns);
    else paint(canvas, images, shape);
    if (text) { caption.textContent = text; canvas.setAttribute("aria-label", text); }
  };
  return { root, canvas, show };
}
