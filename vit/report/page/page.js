// Sorting, highlighting and the provenance of a number. Without this script the page is complete but for these.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const dialog = document.getElementById("opened");
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

// An element with attributes and children; texts become text nodes, so nothing of a run is ever read as HTML.
function make(tag, attributes = {}, ...children) {
  const namespace = ["svg", "polyline", "text", "line"].includes(tag) ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml";
  const made = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// ---- sorting: ascending, descending, the order of the paper

function sortable(table) {
  const body = table.tBodies[0], original = [...body.rows];
  table.querySelectorAll("thead th").forEach((header, column) => {
    const button = make("button", { type: "button", class: "sort" });
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sort(table, body, original, header, column));
  });
}

function sort(table, body, original, header, column) {
  const next = { ascending: "descending", descending: null }[header.getAttribute("aria-sort")];
  table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
  const order = next === undefined ? "ascending" : next;
  if (order) header.setAttribute("aria-sort", order);
  body.append(...(order ? sorted(original, column, order === "descending" ? -1 : 1) : original));
}

function sorted(rows, column, sign) {
  const keyed = rows.map((row) => [sortKey(row.cells[column]), row]);
  const numeric = keyed.every(([key]) => key === null || !Number.isNaN(parseFloat(key)));
  const compare = (a, b) => (numeric ? parseFloat(a) - parseFloat(b) : a.localeCompare(b, "en", { numeric: true }));
  const missing = keyed.filter(([key]) => key === null);
  const present = keyed.filter(([key]) => key !== null).sort(([a], [b]) => sign * compare(a, b));
  return [...present, ...missing].map(([, row]) => row);
}

// What stands in the first line of a cell, our value; null where there is none.
function sortKey(cell) {
  const text = [...(cell.querySelector("button") || cell).childNodes].find((node) => node.nodeType === Node.TEXT_NODE);
  const key = text ? text.textContent.trim() : "";
  return ["", "–", "not finished"].includes(key) ? null : key;
}

// ---- highlighting the cells of one verdict

function highlights() {
  document.querySelectorAll("[data-verdict]").forEach((item) => {
    const button = make("button", { type: "button", "aria-pressed": "false", title: "highlight these cells" });
    button.append(...item.childNodes);
    item.append(button);
    button.addEventListener("click", () => highlight(button.getAttribute("aria-pressed") === "true" ? null : item.dataset.verdict));
  });
}

function highlight(verdict) {
  document.body.classList.toggle("highlighting", verdict !== null);
  document.querySelectorAll("[data-verdict]").forEach((item) =>
    item.firstChild.setAttribute("aria-pressed", String(item.dataset.verdict === verdict)));
  document.querySelectorAll("td").forEach((cell) => cell.classList.toggle("chosen", cell.classList.contains(verdict)));
}

// ---- the provenance of a number

function openable(cell) {
  const button = make("button", { type: "button", class: "open", "aria-haspopup": "dialog" });
  button.append(...cell.childNodes);
  cell.append(button);
  button.addEventListener("click", () => open(cell, data.cells[cell.dataset.cell]));
}

function open(cell, found) {
  const close = make("button", { type: "button", class: "close", "aria-label": "Close" }, "×");
  close.addEventListener("click", () => dialog.close());
  const parts = found.seeds ? ofRuns(found) : [make("p", {}, "Nothing is trained for this number."), ...notes(found)];
  dialog.replaceChildren(close, ...headOf(cell), ...parts);
  dialog.showModal();
  dialog.scrollTop = 0;
}

function headOf(cell) {
  const table = cell.closest("table"), row = cell.parentElement;
  const head = table.tHead.rows[0].cells;
  const labels = [...row.querySelectorAll("th")].map((label, i) => (/^[\d.]+$/.test(words(label)) ? `${words(head[i])} ${words(label)}` : words(label)));
  const number = make("p", { class: "number" });
  number.append(...[...cell.firstChild.childNodes].map((node) => node.cloneNode(true)));
  const verdict = [...cell.querySelectorAll("small")].map((small) => small.textContent).find((text) => text in data.meanings);
  const meaning = verdict ? [make("p", { class: "small" }, make("b", {}, verdict), ": " + data.meanings[verdict] + ".")] : [];
  const title = cell.closest("section").querySelector("h2").textContent;
  return [make("p", { class: "small" }, title), make("h2", { id: "opened-title" }, [...labels, words(head[cell.cellIndex])].join(" · ")), number, ...meaning];
}

// 'CIFAR-10 (mnist-5k)': the first line of a label, the second in brackets.
function words(header) {
  const small = header.querySelector("small"), all = header.textContent;
  return small ? `${all.slice(0, all.length - small.textContent.length)} (${small.textContent})` : all;
}

function notes(found) {
  return found.notes.map((note) => make("p", {}, data.shared[note]));
}

function ofRuns({ seeds, before }) {
  const runs = seeds.map(([run]) => data.runs[run]), earlier = before.map((run) => data.runs[run]);
  const parts = [make("h3", {}, seeds.length === 1 ? "The run" : `The ${seeds.length} runs`)];
  parts.push(tableOf(["seed", "value", "run", ...FACTS], seeds.map(([run, value]) => [seedOf(data.runs[run], runs), value, idOf(data.runs[run]), ...facts(data.runs[run])])));
  parts.push(...curves("Training loss by update", runs));
  if (earlier.length) {
    parts.push(make("h3", {}, "Runs that these start from, or choose their learning rate by"));
    parts.push(tableOf(["held-out accuracy", "run", ...FACTS], earlier.map((run) => [heldOut(run), idOf(run), ...facts(run)])));
    parts.push(...curves("Training loss of pre-training", earlier));
  }
  parts.push(make("h3", {}, "What each measured, and its config"), ...[...runs, ...earlier].map(inFull));
  return parts;
}

const FACTS = ["rate", "time", "finished (UTC)", "device", "commit"];

// The seed of a run; with that of the pre-training where the runs start from several.
function seedOf(run, runs) {
  const several = new Set(runs.map((other) => other.pretrain_seed)).size > 1;
  return several && run.pretrain_seed !== undefined ? `${run.seed} (pre-training ${run.pretrain_seed})` : String(run.seed);
}

function idOf(run) {
  return make("span", { class: "run" }, run.id);
}

function facts(run) {
  return [run.lr, duration(run.seconds), run.date.slice(0, 16).replace("T", " "), data.shared[run.device], data.shared[run.commit] || "unknown"];
}

function duration(seconds) {
  if (seconds < 60) return `${seconds.toFixed(0)} s`;
  return seconds < 3600 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function measured(run) {
  const [names, values] = run.measured;
  return data.shared[names].map((name, position) => [name, values[position]]);
}

function heldOut(run) {
  const found = measured(run).find(([name]) => /^held_out_(accuracy|mean_average_precision)$/.test(name));
  return found ? (100 * found[1]).toFixed(2) : "–";
}

function tableOf(header, rows) {
  const line = (kind, texts) => make("tr", {}, ...texts.map((text) => make(kind, {}, text)));
  return make("div", { class: "wide" }, make("table", {}, make("thead", {}, line("th", header)), make("tbody", {}, ...rows.map((row) => line("td", row)))));
}

function inFull(run) {
  const lines = measured(run).map(([name, value]) => `${name}: ${value}`);
  const config = Object.entries(run.config).map(([name, part]) => asText({ [name]: data.shared[part] }, ""));
  return make("details", {}, make("summary", {}, run.id),
    make("pre", {}, lines.join("\n")),
    make("p", { class: "small" }, "Its folder, beside this page where the runs are kept: ", make("code", {}, `runs/${run.id}/`)),
    make("pre", {}, config.join("")));
}

// A config as YAML would show it.
function asText(mapping, indent) {
  return Object.entries(mapping).map(([key, value]) => {
    const nested = value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length;
    return nested ? `${indent}${key}:\n${asText(value, indent + "  ")}` : `${indent}${key}: ${typeof value === "string" ? value : JSON.stringify(value)}\n`;
  }).join("");
}

// ---- training curves

function curves(title, runs) {
  const drawn = runs.filter((run) => run.loss && run.loss.length > 1).slice(0, COLORS.length);
  if (!drawn.length) return [];
  const losses = drawn.flatMap((run) => run.loss), steps = drawn.flatMap((run) => data.shared[run.steps]);
  const top = Math.max(...losses), bottom = Math.min(0, ...losses), last = Math.max(...steps);
  const place = (step, loss) => `${(40 + (step / last) * 350).toFixed(1)},${(8 + ((top - loss) / (top - bottom || 1)) * 92).toFixed(1)}`;
  const lines = drawn.map((run, position) => make("polyline", {
    points: run.loss.map((loss, i) => place(data.shared[run.steps][i], loss)).join(" "), stroke: COLORS[position], fill: "none",
  }));
  const text = (x, y, anchor, words) => make("text", { x, y, "text-anchor": anchor }, words);
  const svg = make("svg", { class: "curve", viewBox: "0 0 400 120", role: "img", "aria-label": title },
    make("line", { x1: 40, x2: 390, y1: 100, y2: 100 }), make("line", { x1: 40, x2: 40, y1: 8, y2: 100 }), ...lines,
    text(36, 14, "end", top.toPrecision(3)), text(36, 103, "end", String(+bottom.toPrecision(2))), text(40, 115, "start", "0"), text(390, 115, "end", String(last)));
  const names = drawn.map((run, position) => make("span", {}, swatch(COLORS[position]), ` seed ${seedOf(run, drawn)}`));
  return [make("figure", {}, make("figcaption", {}, title, ...(drawn.length > 1 ? names : [])), svg)];
}

function swatch(color) {
  const square = make("i", { class: "swatch" });
  square.style.background = color;
  return square;
}

// ---- printing: everything folded is opened, then folded again

function unfold() {
  document.querySelectorAll("main details:not([open])").forEach((folded) => { folded.open = true; folded.dataset.folded = ""; });
}

function foldAgain() {
  document.querySelectorAll("[data-folded]").forEach((folded) => { folded.open = false; delete folded.dataset.folded; });
}

// A click outside the dialog's content closes it, as Escape does.
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
document.querySelectorAll("main table").forEach(sortable);
document.querySelectorAll("td[data-cell]").forEach(openable);
document.querySelectorAll(".narrow-screen a").forEach((link) =>
  link.addEventListener("click", () => { link.closest("details").open = false; }));
highlights();
window.addEventListener("beforeprint", unfold);
window.addEventListener("afterprint", foldAgain);
