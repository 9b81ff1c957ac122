// The pipeline's corruptions (genbench.anomaly.corruptions), of one image and any severity.

import { normal, uniform } from "./latents.js";

// By kind: the largest severity, its step and its unit.
export const CORRUPTIONS = {
  noise: [128, 1, "gray levels"], salt_and_pepper: [0.5, 0.01, "of the pixels"], blur: [10, 1, "passes"],
  occlusion: [1, 0.01, "of the side"], inversion: [1, 0.01, "of the way"], rotation: [180, 1, "degrees"],
  contrast: [1, 0.01, "lost"],
};
const SEED = 1; // of what is drawn, always the same: the slider moves nothing but the severity

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

const EFFECTS = {
  noise(x, _, severity) {
    const next = normal(SEED);
    return x.map((value) => value + severity * next());
  },
  salt_and_pepper(x, [, h, w], severity) {
    const next = uniform(SEED), drawn = Float64Array.from({ length: h * w }, next);
    return x.map((value, i) => {
      const u = drawn[i % (h * w)];
      return u < severity / 2 ? 0 : u > 1 - severity / 2 ? 255 : value;
    });
  },
  blur(x, [, h, w], severity) {
    for (let pass = 0; pass < Math.round(severity); pass++) {
      const before = x;
      x = before.map((_, i) => {
        const row = Math.floor(i / w) % h, column = i % w, plane = i - row * w - column;
        let sum = 0;
        for (let r = row - 1; r <= row + 1; r++) for (let c = column - 1; c <= column + 1; c++)
          sum += before[plane + clamp(r, 0, h - 1) * w + clamp(c, 0, w - 1)];
        return sum / 9;
      });
    }
    return x;
  },
  occlusion(x, [, h, w], severity) {
    const side = Math.max(1, Math.round(severity * h)), next = uniform(SEED);
    const [top, left] = [Math.floor(next() * (h - side + 1)), Math.floor(next() * (w - side + 1))];
    const inside = (at, start) => at >= start && at < start + side;
    return x.map((value, i) => (inside(Math.floor(i / w) % h, top) && inside(i % w, left) ? 128 : value));
  },
  inversion: (x, _, severity) => x.map((value) => value + severity * (255 - 2 * value)),
  rotation(x, [, h, w], severity) {
    const angle = (severity * Math.PI) / 180, [cos, sin] = [Math.cos(angle), Math.sin(angle)], middle = (h - 1) / 2;
    return x.map((_, i) => {
      const row = (Math.floor(i / w) % h) - middle, column = (i % w) - middle, plane = Math.floor(i / (h * w)) * h * w;
      const r = clamp(cos * row - sin * column + middle, 0, h - 1), c = clamp(sin * row + cos * column + middle, 0, w - 1);
      const top = Math.min(Math.floor(r), h - 2), left = Math.min(Math.floor(c), w - 2);
      const at = (dr, dc) => x[plane + (top + dr) * w + left + dc];
      const upper = at(0, 0) * (1 - c + left) + at(0, 1) * (c - left), lower = at(1, 0) * (1 - c + left) + at(1, 1) * (c - left);
      return upper * (1 - r + top) + lower * (r - top);
    });
  },
  contrast(x, _, severity) {
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    return x.map((value) => mean + (1 - severity) * (value - mean));
  },
};

export function corrupt(gray, shape, kind, severity) {
  if (!severity) return gray;
  const even = (value) => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value)); // as NumPy
  return Uint8ClampedArray.from(EFFECTS[kind](Float64Array.from(gray), shape, severity), even);
}
