"""The judges of finished pages: a headless browser with axe-core, and the Nu HTML checker.

Node packages come from `npm ci` in this folder; Chromium, its driver and Java from the system.
"""

import functools
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

MODULES: Final = Path(__file__).parent / "node_modules"
AXE: Final = MODULES / "axe-core/axe.min.js"
VNU: Final = MODULES / "vnu-jar/build/dist/vnu.jar"

SETTLED: Final = """const done = arguments[0], until = Date.now() + 10000;
(function look() {
  const waiting = document.getElementById('pp-compare') && !document.getElementById('comparison');
  !waiting || Date.now() > until ? done(!waiting) : setTimeout(look, 20);
})();"""
"""Waits for the comparison on a page that makes one."""

_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_RUN_AXE: Final = """
const done = arguments[arguments.length - 1];
const where = node => node.target.flat().join(" ");
axe.run(document, arguments[0]).then(result => done(result.violations.map(
  rule => ({rule: rule.id, impact: rule.impact, targets: rule.nodes.map(where)}))));
"""
_COLOURS: Final = ["color-contrast", "link-in-text-block"]
# The checker has no origin to resolve 'self' against, and calls data blocks (JSON) inline scripts. Whether
# the policy holds is asked of the browser, where a violation is a message on the console.
_NU_IGNORED: Final = (
    "Resource violates Content Security Policy",
    "Inline script violates Content Security Policy",
)


@dataclass(frozen=True, slots=True)
class Violation:
    """An accessibility rule that a page breaks, and where (CSS selectors)."""

    rule: str
    impact: str
    targets: tuple[str, ...]


def missing_browser() -> str:
    """Why no browser test can run here; empty when one can."""
    absent = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if not AXE.is_file():
        absent.append("axe-core ('npm ci' in tests/browser)")
    return f"not here: {', '.join(absent)}" if absent else ""


def missing_checker() -> str:
    """Why the Nu HTML checker cannot run here; empty when it can."""
    absent = [] if shutil.which("java") else ["java"]
    if not VNU.is_file():
        absent.append("vnu.jar ('npm ci' in tests/browser)")
    return f"not here: {', '.join(absent)}" if absent else ""


class Browser:
    """Headless Chromium, one page at a time."""

    def __init__(self, profile: Path) -> None:
        options = Options()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = Service(shutil.which("chromedriver"))
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.get("about:blank")
        self.requested()

    def open(
        self, url: str, *, width: int = 1440, height: int = 900, scheme: Literal["light", "dark"] = "light"
    ) -> None:
        """Load a page as a reader with this window and colour preference sees it, earlier logs dropped."""
        self.console()
        self.requested()
        self.prefer(scheme)
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.get(url)

    def prefer(self, scheme: Literal["light", "dark"]) -> None:
        """Change the reader's colour preference, also on the page that is open."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def run(self, script: str, *arguments: object) -> Any:
        """The value of a script's `return`."""
        return self.driver.execute_script(script, *arguments)

    def axe(self, *, colours_only: bool = False) -> tuple[Violation, ...]:
        """Accessibility violations of the current page, sorted by rule; of all rules, or of those about colours."""
        if not self.run("return 'axe' in window"):
            self.run(AXE.read_text(encoding="utf-8"))
        chosen = {"runOnly": {"type": "rule", "values": _COLOURS}} if colours_only else {}
        found = self.driver.execute_async_script(_RUN_AXE, chosen)
        return tuple(
            Violation(item["rule"], item["impact"], tuple(item["targets"]))
            for item in sorted(found, key=lambda item: str(item["rule"]))
        )

    def console(self) -> tuple[str, ...]:
        """Messages on the console since the last call: errors of scripts, refusals of the content policy."""
        return tuple(entry["message"] for entry in self.driver.get_log("browser"))  # type: ignore[no-untyped-call]

    def requested(self) -> tuple[str, ...]:
        """Every URL that pages have asked for since the last call, data URLs left out."""
        events = (
            json.loads(entry["message"])["message"]
            for entry in self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        )
        urls = {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}
        return tuple(sorted(url for url in urls if urlsplit(url).scheme in {"http", "https", "ws", "wss"}))

    def foreign(self, base: str) -> tuple[str, ...]:
        """Requested URLs of any other host than that of `base`."""
        return tuple(url for url in self.requested() if urlsplit(url).netloc != urlsplit(base).netloc)

    def screenshot(self, path: Path) -> None:
        """The current page in its full height as PNG."""
        height = self.run("return Math.min(8000, document.documentElement.scrollHeight)")
        width = self.run("return innerWidth")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        path.write_bytes(self.driver.get_screenshot_as_png())

    def quit(self) -> None:
        """End the browser and its driver."""
        self.driver.quit()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on the loopback interface; yields its URL with a slash at the end."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name it overrides
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def nu_check(files: Sequence[Path]) -> tuple[str, ...]:
    """What the Nu HTML checker says about many files in one run, as `file:line message`."""
    command = ["java", "-jar", str(VNU), "--format", "json", "--exit-zero-always", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(
        f"{urlsplit(message['url']).path}:{message.get('lastLine', 0)} {message['message']}"
        for message in json.loads(done.stderr)["messages"]
        if not message["message"].startswith(_NU_IGNORED)
    )
