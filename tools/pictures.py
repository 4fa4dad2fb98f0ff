"""`make pictures`: the job summaries in docs/pictures, light and dark, from a real run against the sandbox.

Runs the first steps of the tour (tools/demo.py) and lays out their summaries as GitHub does. Needs Chromium
(tools/browser), and the environments of `tools/setup browser` and `tools/setup site`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import demo

ROOT = Path(__file__).resolve().parent.parent
# tools/site.py has the name of a module of Python, which `import site` would find.
_spec = importlib.util.spec_from_file_location("site_of_pages", ROOT / "tools" / "site.py")
assert _spec and _spec.loader
site = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(site)
PICTURES = ROOT / "docs" / "pictures"
SHOWN = ("upload-testflight",)
WIDTH = 860
"""CSS pixels, about the width of a summary on GitHub."""
STYLE = """
body { margin: 0; padding: 24px; font: 14px/1.5 system-ui, sans-serif; background: BACK; color: TEXT; }
h3 { font-size: 17px; margin: 0 0 14px; }
table { border-collapse: collapse; margin: 0 0 14px; }
th, td { border: 1px solid LINE; padding: 5px 12px; text-align: left; }
th { font-weight: 600; } thead:not(:has(th:not(:empty))) { display: none; }
tr:nth-child(2n) td { background: BAND; }
a { color: LINK; text-decoration: none; } ul { padding-left: 24px; margin: 0 0 14px; } p { margin: 0 0 14px; }
section { border: 1px solid LINE; border-radius: 6px; padding: 20px 20px 6px; margin-bottom: 16px; }
section:last-child { margin-bottom: 0; } .mermaid svg { max-height: 190px; }
"""
COLOURS = {
    "light": {"BACK": "#fff", "TEXT": "#1f2328", "LINE": "#d1d9e0", "BAND": "#f6f8fa", "LINK": "#0969da"},
    "dark": {"BACK": "#0d1117", "TEXT": "#f0f6fc", "LINE": "#3d444d", "BAND": "#151b23", "LINK": "#4493f8"},
}


def main() -> int:
    """Run the steps, and write a picture of their summaries for each colour scheme."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        print("pictures: this Python lacks its packages. Run: make pictures", file=sys.stderr)
        return 2

    body = "".join(f"<section>{to_html(text)}</section>" for text in summaries())
    if not site.SCRIPT.exists():
        site.fetch_mermaid()
    PICTURES.mkdir(exist_ok=True)
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=as_root)
        for scheme in COLOURS:
            page = browser.new_page(viewport={"width": WIDTH, "height": 600}, device_scale_factor=2)
            page.set_content(f"<!doctype html><style>{style(scheme)}</style>{body}")
            page.add_script_tag(path=site.SCRIPT)
            theme = "dark" if scheme == "dark" else "default"
            page.evaluate(f"mermaid.initialize({{startOnLoad: false, theme: '{theme}'}}); mermaid.run()")
            page.wait_for_selector(".mermaid svg")
            page.screenshot(path=PICTURES / f"job-summary-{scheme}.png", full_page=True)
        browser.close()
    return 0


def summaries() -> list[str]:
    """Return the summaries of the shown steps, from a run against a sandbox of its own."""
    found: dict[str, str] = {}
    outputs: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with demo.sandbox(folder, "--stop-after", "120", "--processing", "6") as job:
            for step in demo.steps_of(folder, outputs):
                code, new = job.run(step)
                if code:
                    sys.exit(f"pictures: {step.command} failed with {code}")
                outputs.update(new)
                found[step.command] = (folder / "summary").read_text()
                if found.keys() >= set(SHOWN):
                    break
    return [found[name] for name in SHOWN]


def to_html(markdown: str) -> str:
    """Return a summary as HTML, with its Mermaid charts as elements that Mermaid draws."""
    python = ROOT / ".cache/venvs/site/bin/python"
    command = [str(python), "-m", "markdown", "-x", "tables", "-x", "pymdownx.superfences"]
    html = subprocess.run(command, input=markdown, capture_output=True, text=True, check=True).stdout
    chart = re.search(r"```mermaid\n(.*?)```", markdown, re.DOTALL)
    if chart:
        drawn = f'<pre class="mermaid">{chart[1]}</pre>'
        html = re.sub(
            r'<div class="highlight">.*?</div>|<pre.*?</pre>', lambda found: drawn, html, flags=re.DOTALL
        )
    return html


def style(scheme: str) -> str:
    """Return the style sheet with the colours of a scheme."""
    text = STYLE
    for name, colour in COLOURS[scheme].items():
        text = text.replace(name, colour)
    return text


if __name__ == "__main__":
    sys.exit(main())
