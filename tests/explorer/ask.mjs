// What the modules of the page, run by onnxruntime-web under node, make of latents and images.
// node ask.mjs <page folder> <onnxruntime-web> <folder with data.json, pack, questions.json>

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [page, runtime, folder] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${page}/${name}.js`));
const json = (name) => JSON.parse(readFileSync(`${folder}/${name}.json`));
const ort = await import(pathToFileURL(`${runtime}/dist/ort.wasm.bundle.min.mjs`));
const { startEngine } = await load("runtime"), { decode, encode, errorMap } = await load("model");
const { allScores } = await load("scores"), { corrupt } = await load("corruptions"), { rowAt } = await load("pack");
const { slerp, shifted, drawLatents } = await load("latents");

const data = json("data"), pack = new Uint8Array(readFileSync(`${folder}/pack`)), questions = json("questions");
startEngine(ort, readFileSync(`${runtime}/dist/ort-wasm-simd-threaded.wasm`), pack, data);
const answers = { models: {} };
for (const dataset of data.datasets) {
  for (const model of dataset.models) {
    const { z, images } = questions[model.latent_dim] ?? questions.all, answer = { decode: [], encode: [], errors: [], scores: [], neighbors: [] };
    for (const [i, latent] of z.entries()) answer.decode.push([...(await decode(model, Float32Array.from(latent), i % dataset.classes.length))]);
    for (const i of images) {
      const gray = rowAt(pack, dataset.test.x, i), { values, label, neighbors } = await allScores(pack, dataset, model, gray);
      answer.scores.push(values);
      answer.neighbors.push(neighbors.map(({ place }) => place));
      if (model.graphs.errors) answer.errors.push([...(await errorMap(model, gray, label))]);
      if (model.graphs.encode) answer.encode.push([...(await encode(model, gray, label))]);
    }
    answers.models[`${dataset.name}/${model.name}`] = answer;
  }
}
const [first] = data.datasets;
answers.corruptions = questions.corruptions.map(([kind, severity]) =>
  questions.all.images.map((i) => [...corrupt(rowAt(pack, first.test.x, i), first.shape, kind, severity)]));
const [a, b] = questions.ends;
answers.slerp = [0, 0.3, 1].map((t) => [...slerp(Float32Array.from(a), Float32Array.from(b), t)]);
answers.shifted = [...shifted(Float32Array.from(a), Float32Array.from([...a, ...b]), 0, 1)];
answers.drawn = [...drawLatents(4000, 7, 1.5)];
console.log(JSON.stringify(answers));
