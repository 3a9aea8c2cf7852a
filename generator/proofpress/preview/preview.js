// Listens to the preview's builds: reloads the page when the site changed, shows findings when it was refused.
(() => {
  const place = "proofpress-preview:" + location.pathname;
  const kept = sessionStorage.getItem(place);
  if (kept) {
    sessionStorage.removeItem(place);
    addEventListener("load", () => scrollTo(0, Number(kept)));
  }
  let site = null;
  let panel = null;

  const element = (tag, text, parent, name) => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (name) made.className = name;
    parent?.append(made);
    return made;
  };

  const hide = () => {
    panel?.remove();
    panel = null;
  };

  const show = (told) => {
    hide();
    panel = element("section", "", document.body, "proofpress-preview");
    panel.setAttribute("role", "alert");
    panel.setAttribute("aria-label", "Findings of the preview");
    const head = element("div", "", panel, "head");
    element("strong", told.refused ? "Not built: this is the site from before" : told.sentence, head);
    const close = element("button", "Close", head);
    close.type = "button";
    close.addEventListener("click", hide);
    const list = element("ol", "", panel);
    for (const item of told.findings) {
      const row = element("li", "", list, item.severity);
      const where = [item.pack, item.file].filter(Boolean).join("/") + (item.pointer ? "#" + item.pointer : "");
      const line = element("p", "", row);
      if (item.rule) element("code", item.rule, line);
      line.append(" " + item.message);
      if (where) element("p", where, row, "where");
      for (const name of ["expected", "found", "hint"]) {
        if (item[name]) element("p", name + ": " + item[name], row);
      }
    }
    if (told.more) element("p", "and " + told.more + " more: proofpress check lists all", panel);
  };

  const events = new EventSource("/__proofpress__/events");
  addEventListener("pagehide", () => events.close());
  events.onmessage = (event) => {
    const told = JSON.parse(event.data);
    document.documentElement.dataset.proofpressBuild = told.number;
    if (site !== null && told.site !== site) {
      sessionStorage.setItem(place, String(scrollY));
      location.reload();
      return;
    }
    site = told.site;
    if (told.refused) show(told);
    else hide();
  };
})();
