# SPDX-License-Identifier: Apache-2.0
"""The report as HTML: an index of the modules, and a page each with its source, how often each line ran, and what did not."""
import collections
import html
import os

from modules import KINDS

STYLE = """
body { font: 14px sans-serif; margin: 1.5em; } table { border-collapse: collapse; } th, td { padding: 2px 10px; text-align: right; }
th:first-child, td:first-child { text-align: left; } tr:nth-child(even) { background: #f4f4f4; }
.low { background: #f8c8c8; } .some { background: #fbeebf; } .all { background: #d4efd4; } pre { font: 12px monospace; margin: 0; line-height: 1.35; }
pre span { display: block; } .run { background: #e6f5e6; } .not { background: #f8c8c8; } .why { background: #dfe6f5; }
.count { display: inline-block; width: 9em; color: #666; text-align: right; padding-right: 1em; } .note { color: #a00; padding-left: 12em; } .reason { color: #236; padding-left: 12em; }
"""


def document(title, body):
    return f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style><h1>{html.escape(title)}</h1>{body}</html>\n"


def cell(module, kind):
    percent, (ran, all_) = module.percent(kind), module.ran(kind)
    if percent is None:
        return "<td>"
    return f'<td class={"all" if percent == 100 else "some" if percent >= 90 else "low"} title="{ran} of {all_}">{percent} %'


def index(modules):
    head = "<tr><th>module" + "".join(f"<th>{kind}" for kind in KINDS) + "<th>unexplained"
    rows = "".join(f'<tr><td><a href="{m.name}.html">{m.name}</a>' + "".join(cell(m, kind) for kind in KINDS) + f"<td>{len(m.unexplained())}" for m in modules)
    return document("Coverage of the card", f"<table>{head}{rows}</table>")


def module_page(module):
    notes = collections.defaultdict(list)
    for kind in KINDS[1:]:
        missing = collections.defaultdict(list)
        for item in module.items[kind]:
            if not item.count:
                missing[(item.line, item.reason)].append(item.what)
        for (line, reason), whats in missing.items():
            text = f"{kind}: never {', '.join(whats)}" if len(whats) <= 6 else f"{kind}: never {', '.join(whats[:6])} and {len(whats) - 6} more"
            notes[line].append(("reason", f"{text}: {reason}") if reason else ("note", text))
    counts = {item.line: item for item in module.items["lines"]}
    rows = []
    for number, text in enumerate(module.text, 1):
        item = counts.get(number)
        style = "" if item is None else "run" if item.count else "why" if item.reason else "not"
        rows.append(f'<span class="{style}" id=L{number}><b class=count>{"" if item is None else item.count}</b>{number:4} {html.escape(text)}</span>')
        rows += [f"<span class={kind}>{html.escape(note)}</span>" for kind, note in notes[number]]
    head = "<table><tr>" + "".join(f"<th>{kind}" for kind in KINDS) + "<tr>" + "".join(cell(module, kind) for kind in KINDS) + "</table>"
    return document(module.path, f'<p><a href="index.html">all modules</a></p>{head}<pre>{"".join(rows)}</pre>')


def write(modules, folder):
    os.makedirs(folder, exist_ok=True)
    for name, text in [("index", index(modules))] + [(m.name, module_page(m)) for m in modules]:
        with open(os.path.join(folder, name + ".html"), "w", encoding="utf-8") as file:
            file.write(text)
