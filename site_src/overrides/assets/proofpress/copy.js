/* Buttons that copy a citation. Without them, or without the right to use the clipboard, the text is there to select. */
(() => {
  "use strict";
  const say = (button, text) => {
    button.textContent = text;
    setTimeout(() => (button.textContent = "Copy"), 2000);
  };
  const select = (node) => getSelection().selectAllChildren(node);
  for (const button of document.querySelectorAll("[data-pp-copy]")) {
    const source = document.getElementById(button.dataset.ppCopy);
    if (!source) continue;
    button.classList.add("pp-copy--ready");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(source.textContent);
        say(button, "Copied");
      } catch {
        select(source);
        say(button, "Selected");
      }
    });
  }
})();
