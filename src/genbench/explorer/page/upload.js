// A picture of the user's own, checked and brought to the shape of the dataset's images.

const MAX_BYTES = 20e6, MAX_PIXELS = 40e6;
const FORMATS = [
  ["PNG", [0x89, 0x50, 0x4e, 0x47]], ["JPEG", [0xff, 0xd8, 0xff]], ["GIF", [0x47, 0x49, 0x46, 0x38]],
  ["WebP", [0x52, 0x49, 0x46, 0x46]], ["BMP", [0x42, 0x4d]],
];

// Resolves to { gray, note }; fails with an Error whose message is a sentence for the user.
export async function readPicture(file, shape) {
  const bad = (reason) => new Error(`“${file.name}” ${reason}`);
  if (!file.size) throw bad("is empty.");
  if (file.size > MAX_BYTES) throw bad(`has ${(file.size / 1e6).toFixed(0)} MB; at most 20 MB are read.`);
  const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  const kind = FORMATS.find(([, bytes]) => bytes.every((byte, i) => head[i] === byte));
  if (!kind) throw bad("is no picture that can be used: PNG, JPEG, GIF, WebP or BMP.");
  const image = new Image(), address = URL.createObjectURL(file);
  const unreadable = () => { throw bad(`begins as a ${kind[0]}, but cannot be read: it is damaged, or too large for this browser.`); };
  try {
    await new Promise((done, fail) => Object.assign(image, { onload: done, onerror: fail, src: address })).catch(unreadable);
    const { naturalWidth: width, naturalHeight: height } = image;
    if (!width || !height) throw bad("has no pixels.");
    if (width * height > MAX_PIXELS) throw bad(`has ${width} x ${height} pixels; at most 40 million are read.`);
    await image.decode().catch(unreadable);
    const same = width === shape[2] && height === shape[1];
    const note = same ? `${width} x ${height} pixels` : `${width} x ${height} pixels, resized and cropped to ${shape[2]} x ${shape[1]}`;
    return { gray: fitted(image, width, height, shape), note };
  } finally { URL.revokeObjectURL(address); }
}

// The middle square, resized: as the pipeline reads pictures; halved in steps so that no pixel is skipped.
export function fitted(source, width, height, shape) {
  const side = Math.min(width, height), [, h, w] = shape;
  let size = side, canvas = surface(side > 4 * w ? 4 * w : side);
  const start = canvas.width;
  canvas.getContext("2d").drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, start, start);
  for (size = start; size > 2 * w; size = canvas.width) canvas = resized(canvas, Math.max(w, Math.floor(size / 2)));
  return grayLevels(size === w ? canvas : resized(canvas, w), [shape[0], h, w]);
}

function surface(size) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: size, height: size });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(context, { imageSmoothingQuality: "high", fillStyle: "#000" });
  context.fillRect(0, 0, size, size); // what is transparent is black
  return canvas;
}

function resized(canvas, size) {
  const smaller = surface(size);
  smaller.getContext("2d").drawImage(canvas, 0, 0, size, size);
  return smaller;
}

// Gray by the weights of ITU-R 601, as Pillow's "L".
function grayLevels(canvas, [channels, h, w]) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, w, h), size = h * w;
  const gray = new Uint8ClampedArray(channels * size);
  for (let i = 0; i < size; i++) {
    const [r, g, b] = data.subarray(4 * i, 4 * i + 3);
    if (channels === 1) gray[i] = 0.299 * r + 0.587 * g + 0.114 * b;
    else gray.set([r], i), gray.set([g], size + i), gray.set([b], 2 * size + i);
  }
  return gray;
}
