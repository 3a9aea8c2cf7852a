/* For a copy of the site that was opened from a folder, where browsers let a page neither read files nor start
   workers: the search's worker runs in a hidden frame instead, and published JSON comes as scripts. */
(() => {
  "use strict";
  if (location.protocol !== "file:") return;

  globalThis.Worker = class extends EventTarget {
    constructor(address) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.documentElement.append(frame);
      const inside = frame.contentWindow;
      const load = (source) =>
        new Promise((resolve, reject) => {
          const script = inside.document.createElement("script");
          script.onload = resolve;
          script.onerror = () => reject(new Error(`${source} can't be read`));
          script.src = source;
          inside.document.head.append(script);
        });
      globalThis.IFrameWorker = this.constructor; // by this name the search finds what lies beside it
      inside.importScripts = async (...sources) => {
        for (const source of sources) await load(source);
      };
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      this.ready = load(new URL(address, document.baseURI).href);
      this.inside = inside;
    }

    postMessage(data) {
      const { inside } = this;
      this.ready.then(() => inside.dispatchEvent(new inside.MessageEvent("message", { data })));
    }

    terminate() {
      this.inside.frameElement.remove();
    }
  };

  const texts = (globalThis.proofpressTexts = Object.create(null));
  globalThis.proofpressText = (root, path) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.onload = () => resolve(texts[path]);
      script.onerror = () => reject(new Error(`${path} is not in this copy`));
      script.src = `${root}${path}.js`;
      document.head.append(script);
    });
})();
