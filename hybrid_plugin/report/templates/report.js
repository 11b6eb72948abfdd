"use strict";

// Theme: automatic, light, dark, and round again; remembered where the browser lets a local file remember.
const theme = document.getElementById("theme");
const themes = ["automatic", "light", "dark"];
function setTheme(name) {
  if (name === "automatic") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  theme.textContent = `Theme: ${name}`;
  try { localStorage.setItem("hybrid-ir-theme", name); } catch { /* private windows forget */ }
}
let remembered = null;
try { remembered = localStorage.getItem("hybrid-ir-theme"); } catch { /* as above */ }
setTheme(themes.includes(remembered) ? remembered : "automatic");
theme.addEventListener("click", () => {
  const now = document.documentElement.dataset.theme ?? "automatic";
  setTheme(themes[(themes.indexOf(now) + 1) % themes.length]);
});
theme.hidden = false;

// A cell's value as Python prints a number; NaN of a text.
const number = (value) => Number(value.replace("inf", "Infinity"));

// Sorting: by number where every value is one, else by text; missing values stay last.
function sort(heading) {
  const table = heading.closest("table");
  const column = [...heading.parentNode.children].indexOf(heading);
  const direction = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  const value = (row) => row.children[column].dataset.value;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const numeric = rows.every((row) => !Number.isNaN(number(value(row))));
  const order = (a, b) => (numeric ? number(a) - number(b) : a.localeCompare(b)) * (direction === "ascending" ? 1 : -1);
  rows.sort((a, b) => (value(a) === "") - (value(b) === "") || order(value(a), value(b)));
  body.append(...rows);
  for (const other of heading.parentNode.children) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", direction);
}

// CSV as RFC 4180 has it, in the order of the rows on the page, with every digit. A text that a spreadsheet would run as
// a formula gets a quote in front of it; a negative number is none.
function csv(table) {
  const runs = (text) => /^[=@\t\r\n]/.test(text) || (/^[+-]/.test(text) && Number.isNaN(number(text)));
  const harmless = (text) => (runs(text) ? `'${text}` : text);
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [...table.rows].map((row) =>
    [...row.cells].map((cell) => quoted(harmless(cell.dataset.value ?? cell.textContent.trim()))).join(","));
  return `${lines.join("\r\n")}\r\n`;
}

for (const button of document.querySelectorAll("thead button")) {
  button.addEventListener("click", () => sort(button.closest("th")));
}
for (const button of document.querySelectorAll("button.csv")) {
  button.addEventListener("click", () => {
    const link = document.createElement("a");
    const content = csv(button.closest(".table").querySelector("table"));
    link.href = URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" }));
    link.download = button.dataset.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
