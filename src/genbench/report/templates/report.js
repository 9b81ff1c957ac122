// A click on the head of a column sorts the rows by it: rising first, then falling.
for (const button of document.querySelectorAll("thead button")) {
  button.addEventListener("click", () => {
    const head = button.parentElement, table = head.closest("table");
    const up = head.getAttribute("aria-sort") !== "ascending";
    const value = (row) => Number(row.cells[head.cellIndex].dataset.value ?? (up ? Infinity : -Infinity));
    const body = table.tBodies[table.tBodies.length - 1];
    const rows = [...body.rows].sort((a, b) => (up ? 1 : -1) * (value(a) - value(b)));
    for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...rows);
  });
}
