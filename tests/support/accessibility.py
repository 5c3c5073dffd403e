"""What axe says of a page."""

from tests.support.missing import missing


def violations(page, but=()):
    """What axe finds against WCAG 2.2 AA and its own best practices, in all parts but these."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        missing("axe is not here: pip install -r requirements-dev.txt")
    found = (
        Axe()
        .run(page, {"exclude": [[part] for part in but]} if but else None)
        .response["violations"]
    )
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found]
