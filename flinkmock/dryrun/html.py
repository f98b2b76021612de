"""A plan as an HTML page with the picture and the text."""

from __future__ import annotations

from html import escape

from flinkmock.dryrun.plan import Plan
from flinkmock.dryrun.svg import svg
from flinkmock.dryrun.table import table
from flinkmock.palette import css

STYLE = """
html{color-scheme:light dark} body{margin:0;padding:24px;background:var(--ground);color:var(--ink)}
svg{max-width:100%;height:auto} pre{font-size:13px;line-height:1.5;overflow-x:auto;color:var(--ink)}
""".replace("\n", "")


def page(plan: Plan) -> str:
    """Return an HTML document without scripts or external resources."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(plan.title)}</title>\n<style>{css()}{STYLE}</style>\n</head>\n"
        f'<body class="plan">\n{svg(plan)}<pre>{escape(table(plan), quote=False)}</pre>\n</body>\n</html>\n'
    )
