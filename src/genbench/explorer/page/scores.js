// Anomaly scores of an image, as genbench.anomaly.scores; larger is more anomalous.

import { features, ownScores } from "./model.js";
import { arrayAt, rowAt } from "./pack.js";

const known = new WeakMap();

// Features of all training images of the page, computed once; `report` hears the share that is done.
export function trainingFeatures(pack, dataset, model, report = () => {}) {
  if (!known.has(model)) known.set(model, computeFeatures(pack, dataset, model, report));
  return known.get(model);
}

async function computeFeatures(pack, dataset, model, report) {
  const n = model.train_labels.length, rows = [];
  let rest = performance.now();
  for (let i = 0; i < n; i++) {
    rows.push(await features(model, rowAt(pack, dataset.train.x, i), model.train_labels[i]));
    if (performance.now() - rest > 50) {
      report(i / n);
      await new Promise((done) => setTimeout(done));
      rest = performance.now();
    }
  }
  report(1);
  return rows;
}

function distance(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return Math.sqrt(sum);
}

// Of the training images those with the nearest features: [{ place, distance }], nearest first.
export async function nearest(pack, dataset, model, own, k, report) {
  const rows = await trainingFeatures(pack, dataset, model, report);
  const all = rows.map((row, place) => ({ place, distance: distance(own, row) }));
  return all.sort((a, b) => a.distance - b.distance).slice(0, k);
}

function mahalanobis(pack, model, own) {
  const precision = arrayAt(pack, model.precision), mean = arrayAt(pack, model.train_mean);
  const deviation = Float64Array.from(own, (value, i) => value - mean[i]), n = own.length;
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) sum += deviation[i] * precision[i * n + j] * deviation[j];
  return Math.sqrt(Math.max(0, sum));
}

// Every score that the page has, by name, the label of the image, and its nearest training images.
export async function allScores(pack, dataset, model, gray, report) {
  const values = await ownScores(model, gray);
  const own = await features(model, gray, values.label);
  const neighbors = await nearest(pack, dataset, model, own, model.neighbors, report);
  if (model.train_mean_nll !== null) values.typicality = Math.abs(values.negative_elbo - model.train_mean_nll);
  values.nearest_neighbor = neighbors.reduce((sum, each) => sum + each.distance, 0) / neighbors.length;
  if (model.precision) values.mahalanobis = mahalanobis(pack, model, own);
  return { values, label: values.label, neighbors };
}
