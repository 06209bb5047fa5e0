// Files that the browser makes itself, without a network: every chart as SVG and PNG, every table as CSV. A chart gets its two buttons from
// Plotly's own one, whose format and file name are set when it is pressed; a table gets a button in its caption, shown on hover and on focus.

const FORMATS = { svg: 1, png: 2 }; // the scale of each: a picture of pixels has twice as many
const CURSOR = ["dataset", "model", "user"];
const FORMULA = /^[=+@\t\r-]/; // a spreadsheet would run a text that begins so
const NUMBER = /^-?[\d.,]+%?$/;

class Downloads {
  words = {};
  waiting = false;

  constructor() {
    new MutationObserver(() => this.rest()).observe(document.body, { childList: true, subtree: true });
    document.addEventListener("pointerover", (event) => offerFormats(event.target.closest?.(".js-plotly-plot")), true);
  }

  // Look for new tables once the page has been painted, not at each of its changes.
  rest() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      for (const table of document.querySelectorAll("table.rs-table")) if (!table.caption) this.offerTable(table);
    });
  }

  offerTable(table) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "rs-csv", textContent: "CSV", title: this.words.table });
    button.onclick = () => save(new Blob(["\ufeff", toCsv(table, this.words.details)], { type: "text/csv" }), `${nameFile(titleOf(table))}.csv`);
    table.createCaption().append(button);
  }
}

function offerFormats(plot) {
  const group = plot?.querySelector(".modebar-group");
  const plain = group?.querySelector(".modebar-btn:not(.rs-format)");
  if (!plain || group.querySelector(".rs-format")) return;
  plain.style.display = "none";
  for (const [format, scale] of Object.entries(FORMATS)) {
    const button = document.createElement("a");
    Object.assign(button, { className: "modebar-btn rs-format", textContent: format.toUpperCase(), title: downloads.words[format] });
    button.onclick = () => saveChart(plot, plain, { format, scale });
    group.append(button);
  }
}

// Press Plotly's own button with other options. They are read at once, so that all is as before when the picture is made.
function saveChart(plot, plain, options) {
  const chosen = plot._context.toImageButtonOptions;
  const { layout } = plot;
  const paper = layout.paper_bgcolor;
  const filename = nameFile(layout.title?.text.split("  <span")[0]);
  plot._context.toImageButtonOptions = { ...chosen, ...options, filename };
  layout.paper_bgcolor = getComputedStyle(document.documentElement).getPropertyValue("--rs-background").trim();
  try {
    plain.click();
  } finally {
    layout.paper_bgcolor = paper;
    plot._context.toImageButtonOptions = chosen;
  }
}

// The rows of a table. Small print, such as the interval below a number, has a column of its own.
function toCsv(table, details) {
  const rows = [...table.rows].map((row) => [...row.cells].flatMap(toCells));
  const isSmall = (at) => rows.some((row) => row[at]?.small);
  const head = table.tHead?.rows.length ?? 0;
  const lines = rows.map((row, number) =>
    row.flatMap((cell, at) => (isSmall(at) ? [cell.text, number < head ? `${cell.text} ${details}` : cell.small] : [cell.text])),
  );
  return lines.map((line) => `${line.map(quote).join(",")}\r\n`).join("");
}

// A cell, and empty ones for the further columns that it spans.
function toCells(cell) {
  const small = textOf(cell, (text) => text.parentElement.closest("small"));
  const rest = Array.from({ length: cell.colSpan - 1 }, () => ({ text: "", small: "" }));
  return [{ text: textOf(cell, (text) => !text.parentElement.closest("small")), small }, ...rest];
}

function textOf(cell, isWanted) {
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  const parts = [];
  while (walker.nextNode()) if (isWanted(walker.currentNode)) parts.push(walker.currentNode.data.trim());
  return parts.filter(Boolean).join(" ").replace(/^\u2212(?=[\d.])/, "-");
}

function quote(text) {
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

// The heading above a table.
function titleOf(table) {
  const above = [...document.querySelectorAll("h1, h2, h3, .rs-head > span:first-child")].filter(
    (each) => each.compareDocumentPosition(table) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  return above.at(-1)?.textContent;
}

// The page, the title and the cursor: timeline-rank-of-the-next-item-at-every-step-demo-city-sasrec-p0001.
function nameFile(title) {
  const cursor = new URLSearchParams(location.search);
  const page = location.pathname.split("/").at(-1) || "home";
  const plain = new DOMParser().parseFromString(title ?? "", "text/html").body.textContent;
  const subject = plain.toLowerCase();
  const parts = [page, subject === page ? "" : subject, ...CURSOR.map((name) => cursor.get(name))];
  return parts
    .filter(Boolean)
    .map((part) => part.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 80))
    .join("-");
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const downloads = (globalThis.recscopeDownloads ??= new Downloads());

export default function ({ data }) {
  downloads.words = data;
  downloads.rest();
}
