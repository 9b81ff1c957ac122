// A model of the page: images are gray levels (Uint8Array of C x H x W), latents Float32Array.

import { runGraph } from "./runtime.js";

export const toFloat = (gray) => Float32Array.from(gray, (value) => Math.fround(value / 127.5) - 1);
export const toGray = (image) => Uint8ClampedArray.from(image, (value) => (value + 1) * 127.5);

export async function decode(model, z, label) {
  return toGray((await runGraph(model.graphs.decode, { z, y: label })).image);
}

export async function encode(model, gray, label) {
  return (await runGraph(model.graphs.encode, { x: toFloat(gray), y: label })).code;
}

// The model's own scores by name, and `label`, that which suits the image best.
export async function ownScores(model, gray) {
  const outputs = await runGraph(model.graphs.scores, { x: toFloat(gray) }), values = {};
  for (const [name, value] of Object.entries(outputs)) values[name] = name === "label" ? value : value[0];
  return values;
}

export async function features(model, gray, label) {
  return (await runGraph(model.graphs.features, { x: toFloat(gray), y: label })).features;
}

export async function errorMap(model, gray, label) {
  return (await runGraph(model.graphs.errors, { x: toFloat(gray), y: label })).errors;
}

// The label to encode with: the one that is asked for, or that which suits the image best.
export async function labelFor(model, gray, asked) {
  if (!model.conditional) return 0;
  return asked ?? (await ownScores(model, gray)).label;
}
