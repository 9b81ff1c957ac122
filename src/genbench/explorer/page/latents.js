// Latents: drawn from a seed, moved along directions, on paths between two, from class to class.

// Mulberry32 (T. Ettinger): uniform numbers in [0, 1) from a seed.
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Box & Muller 1958: numbers from N(0, 1).
export function normal(seed) {
  const next = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

// To three decimals, so that what the code box shows is what the picture was made of.
export const rounded = (value) => Math.fround(Math.round(value * 1000) / 1000);

// Numbers above the truncation are drawn again (Brock et al. 2019, arXiv:1809.11096).
export function drawLatents(dim, seed, truncation) {
  const next = normal(seed);
  return Float32Array.from({ length: dim }, () => {
    let value = next();
    while (Math.abs(value) > truncation) value = next();
    return rounded(value);
  });
}

export const coordinate = (z, direction) => z.reduce((sum, value, i) => sum + value * direction[i], 0);

export function moved(z, direction, to) {
  const step = to - coordinate(z, direction);
  return Float32Array.from(z, (value, i) => (direction[i] ? rounded(value + step * direction[i]) : value));
}

export const lerp = (a, b, t) => Float32Array.from(a, (value, i) => (1 - t) * value + t * b[i]);

// On the great circle (Shoemake 1985), as genbench.latent.geometry.slerp.
export function slerp(a, b, t) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  const cosine = dot(a, b) / Math.max(Math.sqrt(dot(a, a) * dot(b, b)), 1e-12);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine))), sine = Math.sin(angle);
  if (sine < 1e-6) return lerp(a, b, t);
  const [left, right] = [Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine];
  return Float32Array.from(a, (value, i) => left * value + right * b[i]);
}

// A code moved from the mean of one class to that of another; null where either has no images.
export function shifted(code, means, from, to) {
  const moves = code.map((value, i) => value + means[to * code.length + i] - means[from * code.length + i]);
  return moves.some(Number.isNaN) ? null : moves;
}
