"""A plan as an HTML page with the picture and the text."""

from __future__ import annotations

from html import escape

from flinkmock.dryrun.plan import Plan
from flinkmock.dryrun.svg import plan_as_svg
from flinkmock.dryrun.table import plan_as_text
from flinkmock.palette import css

STYLE = """
html{color-scheme:light dark} body{margin:0;padding:24px;background:var(--ground);color:var(--ink)}
svg{max-width:100%;height:auto} pre{font-size:13px;line-height:1.5;overflow-x:auto;color:var(--ink)}
""".replace("\n", "")


def plan_as_html(plan: Plan) -> str:
    """Return an HTML document without scripts or external resources."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(plan.title)}</title>\n<style>{css()}{STYLE}</style>\n</head>\n"
        f'<body class="plan">\n{plan_as_svg(plan)}<pre>{escape(plan_as_text(plan), quote=False)}</pre>\n'
        "</body>\n</html>\n"
    )
