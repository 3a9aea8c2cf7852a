/* Any two releases side by side, from the published JSON. Values are compared as the texts they were written
   with, in exact decimal arithmetic; nothing is subtracted that was not measured on the same examples. */
(() => {
  "use strict";
  const form = document.getElementById("pp-compare");
  const result = document.getElementById("pp-compare-result");
  if (!form || !result) return;
  const root = form.dataset.root;
  const [older, newer] = [form.elements.old, form.elements.new];

  /* Numbers keep the digits that they were written with, in browsers that can. */
  const written = (key, value, context) =>
    typeof value === "number" && context && JSON.rawJSON ? JSON.rawJSON(context.source) : value;

  const load = async (path) => {
    if (globalThis.proofpressText) return JSON.parse(await globalThis.proofpressText(root, path), written);
    if (location.protocol === "file:") throw new Error("a page that was opened from a folder may not read files; build with --offline");
    const answer = await fetch(root + path);
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
    return JSON.parse(await answer.text(), written);
  };

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const option = (release) => element("option", release.bundle_id, { value: release.bundle_id });

  const fill = async () => {
    const index = await load("api/v1/index.json");
    for (const family of index.families) {
      const groups = [older, newer].map((select) => {
        const group = element("optgroup", undefined, { label: family.name });
        select.append(group);
        return group;
      });
      for (let next = family.json; next; ) {
        const page = await load(next);
        for (const release of page.releases.toReversed()) groups.forEach((group) => group.append(option(release)));
        next = page.older;
      }
    }
    const wanted = new URLSearchParams(location.search);
    const first = newer.querySelector("option");
    newer.value = wanted.get("new") || (first ? first.value : "");
    const second = older.querySelectorAll("option")[1] || first;
    older.value = wanted.get("old") || (second ? second.value : "");
    form.hidden = false;
    for (const select of [older, newer]) {
      const name = wanted.get(select.name);
      if (name && select.value !== name) throw new Error(`${name} is not a release of this site`);
    }
  };

  /* a − b for decimal texts, without rounding */
  const subtract = (a, b) => {
    const parts = [a, b].map((text) => {
      const [mantissa, exponent = "0"] = text.toLowerCase().split("e");
      const [whole, fraction = ""] = mantissa.split(".");
      return { digits: BigInt(whole + fraction), scale: fraction.length - Number(exponent) };
    });
    const scale = Math.max(parts[0].scale, parts[1].scale, 0);
    const [x, y] = parts.map((part) => part.digits * 10n ** BigInt(scale - part.scale));
    const difference = x - y;
    const text = (difference < 0n ? -difference : difference).toString().padStart(scale + 1, "0");
    const sign = difference > 0n ? "+" : difference < 0n ? "−" : "";
    return sign + (scale ? `${text.slice(0, -scale)}.${text.slice(-scale)}` : text);
  };

  const judge = (before, after) => {
    if (!before) return { order: 2, tone: "neutral", text: "only in the second release" };
    if (!after) return { order: 2, tone: "neutral", text: "only in the first release" };
    if (before.unit !== after.unit) return apart(`units differ: ${before.unit}, ${after.unit}`);
    if (before.higher_is_better !== after.higher_is_better) return apart("directions differ");
    if (before.text === null && after.text === null) return { order: 5, tone: "neutral", text: "absent in both" };
    if (before.text === null || after.text === null) return apart("a value is absent");
    if (!before.evaluated_keys_sha256 || before.evaluated_keys_sha256 !== after.evaluated_keys_sha256) {
      return apart("the evaluated examples differ");
    }
    const difference = subtract(after.text, before.text);
    if (!/^[+−]/.test(difference)) return { order: 4, tone: "neutral", text: "equal", difference };
    if (after.higher_is_better === null) return { order: 1, tone: "neutral", text: "to be judged", difference };
    const better = difference.startsWith("+") === after.higher_is_better;
    return { order: better ? 3 : 0, tone: better ? "better" : "worse", text: better ? "better" : "worse", difference };
  };

  const apart = (reason) => ({ order: 1, tone: "neutral", text: `not comparable: ${reason}` });

  const shown = (metric) => (metric ? (metric.text === null ? metric.absent.code : metric.text) : "none");

  const table = (title, columns, rows) => {
    const region = element("div", undefined, { class: "pp-scroll", tabindex: "0", role: "region", "aria-label": title });
    const made = element("table", undefined, { class: "pp-table" });
    const head = element("tr");
    for (const [name, numeric] of columns) {
      head.append(element("th", name, numeric ? { scope: "col", class: "pp-num" } : { scope: "col" }));
    }
    const body = element("tbody");
    for (const cells of rows) {
      const line = element("tr");
      cells.forEach((cell, position) => {
        const numeric = columns[position][1] ? { class: "pp-num" } : {};
        if (position === 0) line.append(element("th", cell, { scope: "row" }));
        else if (cell instanceof Node) {
          const holder = element("td");
          holder.append(cell);
          line.append(holder);
        } else line.append(element("td", cell, numeric));
      });
      body.append(line);
    }
    const top = element("thead");
    top.append(head);
    made.append(top, body);
    region.append(made);
    return region;
  };

  const drawn = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  /* First and second values of what moved, one chart a unit; the table below has the exact texts, and all rows. */
  const charts = (title, rows) => {
    const units = new Map();
    for (const row of rows) {
      if (!row.verdict.difference || row.verdict.order > 3) continue;
      units.set(row.after.unit, [...(units.get(row.after.unit) || []), row]);
    }
    return [...units].map(([unit, all]) => {
      const lines = all.slice(0, 16);
      const values = lines.flatMap(({ before, after }) => [Number(before.text), Number(after.text)]);
      const [least, most] = [Math.min(...values), Math.max(...values)];
      const place = (text) => (most > least ? 24 + ((Number(text) - least) / (most - least)) * 592 : 320);
      const height = 34 + 46 * lines.length + 40;
      const name = `${title}, in ${unit}`;
      const svg = drawn("svg", { class: "pp-chart__svg", viewBox: `0 0 640 ${height}`, role: "img", "aria-label": name });
      const words = drawn("g", { class: "pp-chart__text", "font-size": "12", fill: "currentColor" });
      words.append(drawn("text", { x: "14", y: "18" }, "□ first, ● second"));
      lines.forEach(({ key, before, after, verdict }, index) => {
        const y = 34 + 46 * index;
        const [from, to] = [place(before.text), place(after.text)];
        words.append(drawn("text", { x: "14", y: y + 18 }, short(key, 44)));
        words.append(drawn("text", { x: "626", y: y + 18, "text-anchor": "end" }, verdict.difference));
        const line = { fill: "none", stroke: "currentColor", class: "pp-chart__interval pp-series-2" };
        svg.append(drawn("path", { ...line, d: `M${from} ${y + 35}H${to}M${from} ${y + 35}m-7-7h14v14h-14z` }));
        svg.append(drawn("circle", { class: "pp-chart__dot pp-series-1", fill: "currentColor", cx: to, cy: y + 35, r: "5" }));
      });
      words.append(drawn("text", { x: "14", y: height - 14 }, String(least)));
      words.append(drawn("text", { x: "626", y: height - 14, "text-anchor": "end" }, `${most} ${short(unit, 30)}`));
      svg.append(words);
      const figure = element("figure", undefined, { class: "pp-chart" });
      figure.append(element("figcaption", name), svg);
      return figure;
    });
  };

  const render = (a, b) => {
    const heading = element("h2", `${a.bundle_id} → ${b.bundle_id}`, { id: "comparison" });
    const parts = [heading];
    for (const release of [a, b]) {
      if (release.status === "YANKED" || release.status === "REJECTED") {
        const note = element("div", undefined, { class: `pp-banner pp-banner--${release.status.toLowerCase()}`, role: "note" });
        note.append(element("p", `${release.bundle_id} is ${release.status.toLowerCase()}`, { class: "pp-banner__title" }));
        if (release.yank_reason) note.append(element("p", release.yank_reason));
        parts.push(note);
      }
    }
    const [left, right] = [a, b].map((release) => new Map(release.metrics.map((metric) => [metric.key, metric])));
    const keys = [...new Set([...right.keys(), ...left.keys()])];
    const rows = keys.map((key) => ({ key, before: left.get(key), after: right.get(key), verdict: judge(left.get(key), right.get(key)) }));
    rows.sort((x, y) => x.verdict.order - y.verdict.order);
    const line = ({ key, before, after, verdict }) => [
      key,
      shown(before),
      shown(after),
      verdict.difference || "",
      element("span", verdict.text, { class: `pp-change pp-change--${verdict.tone}` }),
    ];
    const columns = [["Metric", false], ["First", true], ["Second", true], ["Difference", true], ["Judgement", false]];
    for (const [title, orders] of [["What got worse", [0]], ["What somebody has to judge", [1, 2]], ["What got better", [3]], ["Equal or absent in both", [4, 5]]]) {
      const chosen = rows.filter(({ verdict }) => orders.includes(verdict.order));
      if (!chosen.length) continue;
      const named = `${title} (${chosen.length})`;
      parts.push(element("h3", named), ...charts(title, chosen), table(named, columns, chosen.map(line)));
    }
    const names = [...new Set([...Object.keys(a.parameters), ...Object.keys(b.parameters)])].sort();
    const value = (release, name) => (name in release.parameters ? JSON.stringify(release.parameters[name]) : "none");
    const changed = names.filter((name) => value(a, name) !== value(b, name));
    if (changed.length) {
      parts.push(element("h3", "Parameters"));
      const cells = changed.map((name) => [name, value(a, name), value(b, name)]);
      parts.push(table("Parameters", [["Parameter", false], ["First", true], ["Second", true]], cells));
    }
    const facts = ["model_id", "dataset_snapshot_id", "training_run_id", "commit", "licence", "status"];
    const differing = facts.filter((name) => a[name] !== b[name]).map((name) => [name, String(a[name]), String(b[name])]);
    if (differing.length) {
      parts.push(element("h3", "Identity"));
      parts.push(table("Identity", [["Fact", false], ["First", false], ["Second", false]], differing));
    }
    const links = element("p", undefined, { class: "pp-actions" });
    for (const release of [a, b]) {
      const data = `${root}api/v1/releases/${encodeURIComponent(release.bundle_id)}.json`;
      const page = globalThis.proofpressText ? "index.html" : "";
      links.append(element("a", release.bundle_id, { href: `${root}releases/${release.bundle_id}/${page}` }), " ");
      links.append(element("a", `Data of ${release.bundle_id} (JSON)`, { href: data }), " ");
    }
    parts.push(links);
    result.replaceChildren(...parts);
  };

  const compare = async () => {
    if (!older.value || !newer.value) return;
    const address = new URL(location.href);
    address.searchParams.set("old", older.value);
    address.searchParams.set("new", newer.value);
    history.replaceState(null, "", address);
    const path = (name) => `api/v1/releases/${encodeURIComponent(name)}.json`;
    render(...(await Promise.all([load(path(older.value)), load(path(newer.value))])));
  };

  const report = (error) => {
    const note = element("p", undefined, { class: "pp-empty" });
    note.append(element("strong", "Not compared: "), String(error.message || error));
    result.replaceChildren(note);
  };

  form.addEventListener("change", () => compare().catch(report));
  form.addEventListener("submit", (event) => event.preventDefault());
  fill().then(compare).catch(report);
})();
