/* Checks a release in the reader's own browser: fetches the manifest and every file that it lists, hashes them with
   Web Crypto and compares. Nothing that this page says of itself is believed but the pack id, which can be compared
   with a citation. */
(() => {
  "use strict";
  const place = document.getElementById("pp-verify");
  if (!place) return;
  const [button, status, result] = ["button", "[role=status]", ".pp-verify__rows"].map((name) => place.querySelector(name));
  const MOST = 256 * 1024 * 1024;
  const PLAIN = /^(?!.*(?:^|\/)\.{0,2}(?:\/|$))[^\\\u0000-\u001f]+$/;

  const hex = async (bytes) =>
    [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  const bytesOf = async (path) => {
    const answer = await fetch(`${place.dataset.files}${path.split("/").map(encodeURIComponent).join("/")}`, { cache: "no-store" });
    if (!answer.ok) throw new Error(`the site answered ${answer.status}`);
    return answer.arrayBuffer();
  };

  const row = (name, tone, word, note) => {
    const line = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = name;
    const cell = document.createElement("td");
    const badge = document.createElement("span");
    badge.className = `pp-badge pp-badge--${tone}`;
    badge.textContent = word;
    cell.append(badge);
    if (note) {
      const said = document.createElement("span");
      said.className = "pp-note";
      said.textContent = note;
      cell.append(" ", said);
    }
    line.append(head, cell);
    result.tBodies[0].append(line);
  };

  const check = async (entry) => {
    if (entry.size > MOST) return ["warn", "Not checked", "too large for a browser; use the command"];
    let bytes;
    try {
      bytes = await bytesOf(entry.path);
    } catch (error) {
      return ["bad", "Not there", String(error.message || error)];
    }
    if (bytes.byteLength !== entry.size) return ["bad", "Differs", `${bytes.byteLength} bytes, not ${entry.size}`];
    const found = await hex(bytes);
    return found === entry.sha256 ? ["ok", "Equal", ""] : ["bad", "Differs", `sha256 ${found}`];
  };

  const run = async () => {
    result.tBodies[0].replaceChildren();
    result.parentElement.hidden = false;
    if (!globalThis.crypto || !crypto.subtle) {
      throw new Error("this browser hashes only on pages that were loaded over HTTPS");
    }
    const counts = { ok: 0, bad: 0, warn: 0 };
    const tell = (name, outcome) => {
      counts[outcome[0]] += 1;
      row(name, ...outcome);
    };
    const manifest = await bytesOf("manifest.json");
    const id = `sha256:${await hex(manifest)}`;
    const same = id === place.dataset.packId;
    tell("manifest.json", same ? ["ok", "Equal", "its digest is the pack id"] : ["bad", "Differs", id]);
    if (!same) return counts;
    const { files } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(manifest));
    for (const [at, entry] of files.entries()) {
      status.textContent = `Checking ${at + 1} of ${files.length} files …`;
      if (typeof entry.path !== "string" || !PLAIN.test(entry.path)) tell(String(entry.path), ["bad", "Refused", "no path in a pack"]);
      else tell(entry.path, await check(entry));
    }
    return counts;
  };

  button.addEventListener("click", async () => {
    button.disabled = true;
    status.textContent = "Fetching the manifest …";
    try {
      const { ok, bad, warn } = await run();
      const left = warn ? `, ${warn} not checked` : "";
      status.textContent = bad
        ? `Not this release: ${bad} of ${ok + bad + warn} files differ or are not there${left}.`
        : `All ${ok} files checked here are equal to what the manifest lists, and the manifest to the pack id${left}.`;
      place.dataset.outcome = bad ? "bad" : warn ? "part" : "ok";
    } catch (error) {
      const why = location.protocol === "file:" ? "a page that was opened from a folder may not read files; use the command" : error.message || error;
      status.textContent = `Not checked: ${why}.`;
      place.dataset.outcome = "none";
    }
    button.disabled = false;
  });
  place.classList.add("pp-ready");
})();
