/* Sorts and filters a table that is complete without it. Older rows stand on pages of their own. */
(() => {
  "use strict";
  const form = document.querySelector(".pp-filter");
  const table = form && form.nextElementSibling.querySelector("table");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const status = form.querySelector("[role=status]");
  const { text, state } = form.elements;

  const told = (row, at) => (row.cells[at].querySelector(".pp-none") ? "" : row.cells[at].firstChild.textContent.trim());

  for (const word of [...new Set(rows.map((row) => told(row, 1)))].sort()) state.add(new Option(word, word));

  const filter = () => {
    const wanted = text.value.trim().toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of rows) {
      const said = row.textContent.toLowerCase();
      row.hidden = !wanted.every((word) => said.includes(word)) || (state.value !== "" && told(row, 1) !== state.value);
      shown += !row.hidden;
    }
    status.textContent = `${shown} of ${rows.length} releases on this page`;
  };

  const compare = (at, numeric) => (one, other) => {
    const [a, b] = [told(one, at), told(other, at)];
    if (a === "" || b === "") return NaN;
    return numeric ? Number(a) - Number(b) : a.localeCompare(b, "en", { numeric: true });
  };

  const sort = (at, direction) => {
    const order = compare(at, heads[at].classList.contains("pp-num"));
    const placed = rows.map((row, place) => ({ row, place }));
    placed.sort((a, b) => {
      const found = order(a.row, b.row);
      if (Number.isNaN(found)) return (told(a.row, at) === "") - (told(b.row, at) === "") || a.place - b.place;
      return direction * found || a.place - b.place;
    });
    heads.forEach((head, other) => {
      if (other === at) head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
    body.append(...placed.map(({ row }) => row));
  };

  heads.forEach((head, at) => {
    if (rows.every((row) => row.cells[at].querySelector("a") && at > 0)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "pp-sort";
    button.append(head.firstChild);
    head.prepend(button);
    button.addEventListener("click", () => sort(at, head.getAttribute("aria-sort") === "ascending" ? -1 : 1));
  });
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
  form.classList.add("pp-ready");
})();
