// A canvas to draw on, white on black, by pointer or keyboard.

import { make } from "./dom.js";
import { fitted } from "./upload.js";

const SIZE = 224;

// `changed` is called after every stroke; gray() is the drawing in `shape()` of the dataset's images.
export function pencil(shape, changed) {
  const canvas = make("canvas", {
    width: SIZE, height: SIZE, class: "pencil", tabindex: "0", role: "application",
    "aria-label": "drawing: draw with the pointer, or move with the arrow keys and draw with Shift and an arrow key",
  });
  const color = make("input", { type: "color", value: "#ffffff" });
  const clear = make("button", { type: "button", class: "variant" }, "clear");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let at = [SIZE / 2, SIZE / 2];

  function wipe() {
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIZE, SIZE);
    at = [SIZE / 2, SIZE / 2];
  }
  function line(to, draws) {
    if (draws) {
      Object.assign(context, { strokeStyle: color.value, lineWidth: SIZE * Math.max(1 / 11, 1.4 / shape()[2]), lineCap: "round" });
      context.beginPath();
      context.moveTo(...at);
      context.lineTo(...to);
      context.stroke();
    }
    at = to;
    if (draws) changed();
  }
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * SIZE) / box.width, ((event.clientY - box.top) * SIZE) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    at = place(event);
    line(at, true);
  });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons) line(place(event), true); });
  canvas.addEventListener("keydown", (event) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (!dx && !dy) return;
    event.preventDefault();
    const inside = (value) => Math.min(SIZE, Math.max(0, value));
    line([inside(at[0] + (dx * SIZE) / 16), inside(at[1] + (dy * SIZE) / 16)], event.shiftKey);
  });
  clear.addEventListener("click", () => { wipe(); changed(); });
  wipe();
  const root = make("div", { class: "drawing" }, canvas, make("div", {}, clear, make("label", {}, "pencil ", color)));
  return { root, gray: () => fitted(canvas, SIZE, SIZE, shape()) };
}
