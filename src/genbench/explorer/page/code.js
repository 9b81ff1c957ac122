// "Show code": the lines of Python that make the same.

import { find } from "./dom.js";

export const base64 = (bytes) => {
  const raw = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return btoa(raw.reduce((text, byte) => text + String.fromCharCode(byte), ""));
};

export const quoted = (text) => JSON.stringify(String(text));

export const loading = (dataset, model, run) =>
  ["import genbench, numpy as np", `model = genbench.load(${run ? `run_id=${quoted(run)}` : quoted(`${dataset.name}/${model.name}`)})`];

const number = (value) => String(Math.round(value * 1000) / 1000);

// Latents as text; of codes and of many by their bytes, which lose nothing.
export function latentsInPython(z) {
  const plain = z.length <= 64 && z.every((value) => Math.fround(Math.round(value * 1000) / 1000) === value);
  if (plain) return `np.array([[${Array.from(z, number).join(", ")}]], "float32")`;
  return `np.frombuffer(__import__("base64").b64decode("${base64(z)}"), "float32").reshape(1, -1).copy()`;
}

export const imageInPython = (gray, shape) =>
  `np.frombuffer(__import__("base64").b64decode("${base64(gray)}"), "uint8").reshape(${shape.join(", ")}).copy()`;

export const testImageInPython = (dataset, number) => `np.load("data/processed/${dataset.name}.npz")["test_x"][${number}]`;

export function showCode(panel, lines) {
  const box = find("details.code", panel);
  box.lines = lines;
  if (box.open) find("pre", box).textContent = lines().join("\n");
  box.ontoggle ??= () => { if (box.open) find("pre", box).textContent = box.lines().join("\n"); };
}
