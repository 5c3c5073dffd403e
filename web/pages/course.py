"""The course in docs/ as pages of the site: Markdown with formulas becomes HTML with MathML."""

import html
import re
from functools import cache
from pathlib import Path
from threading import Lock

import mistune
from flask import Flask, Response, render_template, send_from_directory
from latex2mathml.converter import convert

from web.problems import ProblemError

DOCS = Path(__file__).resolve().parents[2] / "docs"


class Renderer(mistune.HTMLRenderer):
    """HTML whose headings can be linked to, with formulas in MathML."""

    def heading(self, text: str, level: int, **attributes: object) -> str:
        return f'<h{level} id="{anchor(text)}">{text}</h{level}>\n'

    def block_math(self, text: str) -> str:
        return f'<div class="formula" tabindex="0">{convert(text.strip(), display="block")}</div>\n'

    def inline_math(self, text: str) -> str:
        return str(convert(text))

    def block_code(self, code: str, info: str | None = None) -> str:
        return f'<pre tabindex="0"><code>{html.escape(code)}</code></pre>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Other pages of the course are pages here; files of the project are named only."""
        if url.startswith("../"):
            return text
        return str(super().link(text, url.removesuffix(".md").replace(".md#", "#"), title))


def anchor(heading: str) -> str:
    """The id that GitHub gives to a heading: `## Dense: every input` is #dense-every-input."""
    plain = html.unescape(re.sub(r"<[^>]*>", "", heading)).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def page_names() -> list[str]:
    """The pages of the course, in reading order."""
    return sorted(path.stem for path in DOCS.glob("[0-9]*.md"))


@cache
def title_of(name: str) -> str:
    """The title of the page of that name, one of `page_names()`."""
    return text_of(name).split("\n", 1)[0].lstrip("# ")


@cache
def content_of(name: str) -> str:
    """The page as HTML, which takes long to make."""
    read = mistune.create_markdown(renderer=Renderer(), plugins=["math", "table"])
    return str(read(text_of(name)))


def text_of(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def add_course(app: Flask) -> None:
    """Serve the pages at /docs/NAME, and their pictures."""

    names = page_names()
    rendering = Lock()  # so that a page that many ask for at once is rendered once

    @app.get("/docs/<page>")
    def course(page: str) -> str:
        """A page of the course."""
        if page not in names:
            raise ProblemError(404, f"the course has no such page: choose from {', '.join(names)}")
        with rendering:
            content = content_of(page)
        pages = [(name, title_of(name)) for name in names]
        return render_template(
            "course.html", page=page, title=title_of(page), content=content, pages=pages
        )

    @app.get("/docs/plots/<name>")
    def plot(name: str) -> Response:
        """A picture in the course."""
        return send_from_directory(DOCS / "plots", name)
