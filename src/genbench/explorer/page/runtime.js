// Runs the graphs of the models by onnxruntime-web, one after the other, on this processor.

import { bytesAt } from "./pack.js";

const engine = { ort: null, pack: null, weights: null, sessions: new Map(), turn: Promise.resolve() };

export function startEngine(ort, wasm, pack, data) {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = wasm;
  ort.env.logLevel = "error";
  Object.assign(engine, { ort, pack, weights: bytesAt(pack, data.weights), sessions: new Map() });
}

function session(graph) {
  if (!engine.sessions.has(graph)) {
    const externalData = [{ path: "weights", data: engine.weights }];
    const options = { executionProviders: ["wasm"], externalData };
    engine.sessions.set(graph, engine.ort.InferenceSession.create(bytesAt(engine.pack, graph), options));
  }
  return engine.sessions.get(graph);
}

// Values by name: floats as Float32Array, labels as numbers.
async function compute(graph, feeds) {
  const { Tensor } = engine.ort, loaded = await session(graph), tensors = {};
  for (const { name, type, shape } of loaded.inputMetadata) {
    const value = type === "int64" ? BigInt64Array.of(BigInt(feeds[name])) : feeds[name];
    tensors[name] = new Tensor(type, value, shape);
  }
  const outputs = await loaded.run(tensors), values = {};
  for (const [name, tensor] of Object.entries(outputs)) {
    values[name] = tensor.type === "int64" ? Number(tensor.data[0]) : tensor.data;
    tensor.dispose();
  }
  return values;
}

export function runGraph(graph, feeds) {
  const result = engine.turn.then(() => compute(graph, feeds));
  engine.turn = result.catch(() => {});
  return result;
}
