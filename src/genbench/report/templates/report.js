(() => {
"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const find = (selector) => document.querySelector(selector);

// A click on the head of a column sorts the rows by it: rising first, then falling.
for (const button of all("thead button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement, table = head.closest("table");
    const up = head.getAttribute("aria-sort") !== "ascending";
    const value = (row) => Number(row.cells[head.cellIndex].dataset.value ?? (up ? Infinity : -Infinity));
    const body = table.tBodies[table.tBodies.length - 1];
    const rows = [...body.rows].sort((a, b) => (up ? 1 : -1) * (value(a) - value(b)));
    for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...rows);
  });
}

// The choice: models side by side, and a point of the training, both in the address.
const controls = find("#controls"), slider = find("#step");
const boxes = all("input[name=model]", controls);
const LAST = Math.max(0, ...all("[data-step]").map((e) => Number(e.dataset.step)));
slider.max = LAST;
find("#training").hidden = LAST === 0;
controls.hidden = boxes.length < 2 && LAST === 0;

function readAddress() {
  const address = new URLSearchParams(location.hash.slice(1));
  const models = (address.get("models") ?? "").split(",").map(decodeURIComponent);
  const known = boxes.filter((box) => models.includes(box.value));
  // the best, the median and the worst, or all of few
  const few = boxes.length <= 4 ? boxes : [0, boxes.length >> 1, boxes.length - 1].map((i) => boxes[i]);
  for (const box of boxes) box.checked = (known.length ? known : few).includes(box);
  const step = Number(address.get("step") ?? LAST);
  slider.value = Number.isFinite(step) ? step : LAST;
  return address.get("at") ?? (location.hash.includes("=") ? "" : decodeURIComponent(location.hash.slice(1)));
}

function writeAddress(at) {
  const models = boxes.filter((box) => box.checked).map((box) => encodeURIComponent(box.value));
  const parts = [`models=${models.join(",")}`, `step=${slider.value}`];
  if (at) parts.push(`at=${encodeURIComponent(at)}`);
  history.replaceState(null, "", `#${parts.join("&")}`);
}

function update() {
  const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
  for (const cell of all("[data-model]")) cell.hidden = !chosen.includes(cell.dataset.model);
  for (const cells of all(".cells")) {
    const columns = [...cells.children].filter((cell) => !cell.hidden);
    cells.style.setProperty("--columns", Math.min(5, Math.max(1, columns.length)));
    cells.parentElement.classList.toggle("empty", columns.every((cell) => cell.matches(".none")));
    for (const cell of columns) {
      const steps = all("[data-step]", cell);
      const shown = Math.round((slider.value / (LAST || 1)) * (steps.length - 1));
      steps.forEach((step, i) => { step.hidden = i !== shown; });
    }
  }
  const first = all("[data-step]").find((step) => !step.hidden && !step.closest("[data-model]").hidden);
  find("#training output").textContent = first?.querySelector("figcaption")?.textContent ?? "";
}

// One chapter at a time; at the start, what each dataset's first two chapters say.
const VIEW = "article > section, main > section", START = /-(ranking|samples)$/;
function goTo(id) {
  place = id;
  const target = document.getElementById(id), view = target?.closest(VIEW);
  const article = target ? target.closest("article") : find("article");
  for (const each of all(VIEW)) {
    const isStart = !view && (each.closest("article") === article ? START.test(each.id) : each.id === "overview" && !target);
    if (each === view || isStart) each.removeAttribute("hidden");
    else each.setAttribute("hidden", "until-found");
  }
  for (const each of all("article")) each.hidden = !(view ? each.contains(view) : each === article);
  find("header").hidden = Boolean(target);
  for (const link of all("nav a")) link.toggleAttribute("aria-current", link.hash === `#${view?.id ?? target?.id}`);
  if (target && target !== view) target.scrollIntoView();
  else scrollTo(0, 0);
}
document.addEventListener("beforematch", (event) => { goTo(event.target.id); writeAddress(place); });

document.body.classList.add("scripted");
let place = "";
goTo(readAddress());
update();
controls.addEventListener("input", () => { update(); writeAddress(place); });
find("#all").addEventListener("click", () => {
  for (const box of boxes) box.checked = true;
  update();
  writeAddress(place);
});
addEventListener("hashchange", () => {
  goTo(readAddress());
  update();
  if (!location.hash.includes("=")) writeAddress(place);
});

// Charts that answer: drawn when they come near the window; their pictures stand there until then.
const sheets = JSON.parse(find("#sheets")?.textContent ?? "{}");
const dark = matchMedia("(prefers-color-scheme: dark)");
function config() {
  const plain = JSON.parse(find("#chart-config").textContent);
  if (!dark.matches) return plain;
  const text = "#e4e7eb", lines = { domainColor: "#777", tickColor: "#777", gridColor: "#30363d" };
  return {
    ...plain, axis: { ...plain.axis, ...lines, labelColor: text, titleColor: text },
    legend: { ...plain.legend, labelColor: text }, title: { ...plain.title, color: text }, text: { color: text },
  };
}
const tip = document.body.appendChild(document.createElement("div"));
tip.id = "tip";
tip.setAttribute("role", "status");

function showTip(event, words, sprite, image) {
  tip.replaceChildren(...words.map(([name, value]) => {
    const line = document.createElement("div");
    line.textContent = name.trim() ? `${name} ${value}` : value;
    return line;
  }));
  if (sprite && image !== undefined) {
    const [width, height] = sprite.tile, zoom = Math.max(1, Math.round(96 / height));
    const picture = document.createElement("div");
    const x = (image % sprite.columns) * (width + 1), y = Math.floor(image / sprite.columns) * (height + 1);
    Object.assign(picture.style, {
      width: `${width * zoom}px`, height: `${height * zoom}px`, imageRendering: "pixelated",
      backgroundImage: `url("${sheets[sprite.src] ?? sprite.src}")`, backgroundPosition: `${-x * zoom}px ${-y * zoom}px`,
      backgroundSize: `${sprite.sheet[0] * zoom}px ${sprite.sheet[1] * zoom}px`,
    });
    picture.className = "sprite";
    tip.prepend(picture);
  }
  tip.style.display = "block";
  const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const top = event.clientY + 14 + tip.offsetHeight > innerHeight ? event.clientY - 14 - tip.offsetHeight : event.clientY + 14;
  Object.assign(tip.style, { left: `${Math.max(4, left)}px`, top: `${Math.max(4, top)}px` });
}

async function draw(figure) {
  const spec = JSON.parse(figure.querySelector("script").textContent);
  const plot = figure.querySelector(".plot"), meta = spec.usermeta ?? {};
  for (const variant of (meta.variants ?? []).filter(({ label }) => figure.dataset.variant === label)) vary(spec, variant);
  const target = document.createElement("div");
  target.className = "live";
  plot.append(target);
  const { view } = await vegaEmbed(target, spec.layer ? { ...spec, width: "container" } : spec, {
    actions: false, config: config(), renderer: meta.sprite ? "canvas" : "svg",
    tooltip: (_, event, item, value) => {
      if (!value || hidden().has(item.datum?.line)) { tip.style.display = "none"; return; }
      const words = Object.entries(value).filter(([name]) => name !== "image");
      showTip(event, words, meta.sprite, value.image);
    },
  });
  for (const old of [...plot.children]) if (old !== target) old.remove();
  // a click on a legend hides a line, another one shows it
  const hidden = () => new Set(spec.layer ? view.data("hidden_store").map((each) => each.values[0]) : []);
  if (spec.layer) view.addDataListener("hidden_store", () => {
    for (const text of all(".role-legend-label text", target)) {
      text.style.textDecoration = hidden().has(text.textContent) ? "line-through" : "";
    }
  });
  if (figure.querySelector("button.variant")) return;
  for (const { label } of meta.variants ?? []) {
    const button = document.createElement("button");
    button.className = "variant";
    button.textContent = label;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      figure.dataset.variant = figure.dataset.variant === label ? "" : label;
      button.setAttribute("aria-pressed", figure.dataset.variant === label);
      draw(figure);
    });
    plot.after(button);
  }
}

// Another scale of the y axis, or other names and colors of the points.
function vary(spec, { y, line, colors }) {
  for (const { encoding } of spec.layer) {
    if (y) encoding.y = { ...encoding.y, scale: y };
    if (colors) encoding.color = { ...encoding.color, scale: { domain: Object.keys(colors), range: Object.values(colors) } };
  }
  if (line) for (const row of spec.data.values) [row.line, row[line]] = [row[line], row.line];
}

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    draw(target);
  }
}, { rootMargin: "200px" });
dark.addEventListener("change", () => { for (const live of all(".live")) draw(live.closest("figure")); });
if (window.vegaEmbed) for (const figure of all("figure.chart")) if (figure.querySelector("script")) near.observe(figure);

// Pictures in full size, with the next and the previous one of the same row.
const viewer = find("#viewer");
let row = [], current = 0;
function view(i) {
  current = (i + row.length) % row.length;
  const figure = row[current].closest("figure"), name = row[current].closest(".cell")?.querySelector(".name");
  const image = viewer.querySelector("img");
  image.src = row[current].querySelector("img").src;
  image.alt = row[current].querySelector("img").alt;
  viewer.querySelector("span").textContent = [name?.textContent, ...all(".title, figcaption", figure).map((e) => e.textContent)].filter(Boolean).join(": ");
}
document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".pixels a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const group = link.closest(".cells, .row");
  row = all(".pixels a", group).filter((other) => other.offsetParent !== null);
  view(row.indexOf(link));
  viewer.showModal();
});
viewer.addEventListener("click", (event) => {
  const { value } = event.target;
  if (value === "next") view(current + 1);
  else if (value === "previous") view(current - 1);
  else viewer.close();
});
viewer.addEventListener("keydown", (event) => {
  if (event.key === "ArrowRight") view(current + 1);
  if (event.key === "ArrowLeft") view(current - 1);
});
})();
