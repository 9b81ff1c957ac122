// The page's bytes: base64 of a gzip, and arrays at places in them.

const ARRAYS = { uint8: Uint8Array, float32: Float32Array, int32: Int32Array };

export async function unzip(base64) {
  const response = await fetch(`data:application/octet-stream;base64,${base64.trim()}`);
  const stream = response.body.pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export const bytesAt = (pack, { at, bytes }) => pack.subarray(at, at + bytes);

export function arrayAt(pack, place) {
  const Type = ARRAYS[place.type];
  return new Type(pack.buffer, pack.byteOffset + place.at, place.bytes / Type.BYTES_PER_ELEMENT);
}

// Row i of an array, which may be of several dimensions: images, latents, features.
export function rowAt(pack, place, i) {
  const size = place.shape.slice(1).reduce((a, b) => a * b, 1);
  return arrayAt(pack, place).subarray(i * size, (i + 1) * size);
}
