// The page: starts the engine, and hands every choice to the panel that is seen.

import { find, option } from "./dom.js";
import { unzip } from "./pack.js";
import { anomalyPanel } from "./panel_anomaly.js";
import { betweenPanel } from "./panel_between.js";
import { latentsPanel } from "./panel_latents.js";
import { mapPanel } from "./panel_map.js";
import { startEngine } from "./runtime.js";

const held = (id) => {
  const place = document.getElementById(id), text = place.textContent;
  place.remove(); // its text is not needed twice
  return text;
};

async function startPage() {
  const status = find("#status"), data = JSON.parse(held("data"));
  const [pack, wasm, module] = await Promise.all(["pack", "wasm", "module"].map((id) => unzip(held(id))));
  const address = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  const ort = await import(address);
  URL.revokeObjectURL(address);
  startEngine(ort, wasm, pack, data);

  const [datasets, first, second, label] = ["#dataset", "#model", "#beside", "#label"].map((id) => find(id));
  const state = { pack, run: data.run ?? null, dataset: null, a: null, b: null, label: 0 };
  const panels = { latents: latentsPanel(state), between: betweenPanel(state), anomaly: anomalyPanel(state), map: mapPanel(state) };
  const stale = new Set(); // panels that have not seen the last choice

  let seen = "latents";
  function refresh() {
    const name = seen;
    for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== name;
    for (const link of document.querySelectorAll("nav a")) link.toggleAttribute("aria-current", link.hash === `#${name}`);
    second.parentElement.hidden = name !== "latents";
    if (stale.has(`${name} reset`)) panels[name].reset();
    if (stale.has(name)) panels[name].update();
    stale.delete(name);
    stale.delete(`${name} reset`);
  }
  function change({ reset = false } = {}) {
    for (const name of Object.keys(panels)) stale.add(name).add(reset ? `${name} reset` : name);
    refresh();
  }
  function chooseModels(reset) {
    const { models, classes } = state.dataset, named = (name) => models.find((model) => model.name === name) ?? null;
    [state.a, state.b] = [named(first.value), named(second.value)];
    label.parentElement.hidden = !(state.a.conditional || state.b?.conditional) || classes.length < 2;
    change({ reset });
  }
  function chooseDataset() {
    const dataset = (state.dataset = data.datasets.find(({ name }) => name === datasets.value));
    first.replaceChildren(...dataset.models.map(({ name }) => option(name)));
    second.replaceChildren(option("", "none"), ...dataset.models.map(({ name }) => option(name)));
    label.replaceChildren(...dataset.classes.map((name, k) => option(k, name)));
    state.label = 0;
    find("#missing").replaceChildren(...dataset.missing.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
    const none = dataset.models.length === 0;
    find("main").classList.toggle("empty", none);
    status.textContent = none ? `There is no model of ${dataset.name} that can run here.` : "";
    if (!none) chooseModels(true);
  }
  datasets.replaceChildren(...data.datasets.map(({ name }) => option(name)));
  datasets.parentElement.hidden = data.datasets.length < 2;
  datasets.addEventListener("change", chooseDataset);
  first.addEventListener("change", () => chooseModels(true));
  second.addEventListener("change", () => chooseModels(false));
  label.addEventListener("change", () => { state.label = Number(label.value); change(); });
  // links change no address by themselves: inside MLflow's page they may not
  for (const link of document.querySelectorAll("nav a")) link.addEventListener("click", (event) => {
    event.preventDefault();
    seen = link.hash.slice(1);
    try { history.replaceState(null, "", link.hash); } catch { /* not in a page inside another */ }
    refresh();
  });
  const follow = () => { if (location.hash.slice(1) in panels) seen = location.hash.slice(1); };
  addEventListener("hashchange", () => { follow(); refresh(); });
  follow();
  addEventListener("unhandledrejection", ({ reason }) => { status.textContent = `This failed: ${reason?.message ?? reason}`; });
  chooseDataset();
  document.body.dataset.started = String(Math.round(performance.now()));
}

startPage().catch((error) => { find("#status").textContent = `The models cannot run in this browser: ${error?.message ?? error}`; });
