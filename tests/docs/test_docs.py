"""The pages of docs/ say what the code does: they run, quote it word for word, and link to it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COURSE = sorted((ROOT / "docs").glob("*.md"))
PAGES = [*COURSE, ROOT / "README.md"]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# "[`layers.py`](../nn/layers.py), `Dense.forward`:" and the ```py block that follows it
QUOTATION = re.compile(
    r"^\[`(\w+\.py)`\]\(\.\./nn/((?:\w+/)*\1)\), `([\w.]+)`:\n\n?```py\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
MATH = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL)


def name_of(page):
    return str(page.relative_to(ROOT))


def prose(page):
    """The page without its code; what is left of a piece of code is an empty one."""
    text = FENCE.sub("", page.read_text("utf-8"))
    text = re.sub(r"^ {4}.*$", "", text, flags=re.MULTILINE)
    return re.sub(r"`[^`\n]+`", "``", text)


def source_of(file, name):
    """The stripped lines of a function, class, method or constant of nn/, by its dotted name."""
    text = (ROOT / "nn" / file).read_text("utf-8")
    node = ast.parse(text)
    for part in name.split("."):
        node = next((inner for inner in node.body if part in names_defined_by(inner)), None)
        assert node, f"nn/{file} has no {name}"
    return [line.strip() for line in text.splitlines()[node.lineno - 1 : node.end_lineno]]


def names_defined_by(node):
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return [getattr(node, "name", None)]


def misquoted(block, source):
    """The first line of the block that does not stand in the source after those before it."""
    rest = iter(source)
    lines = [line.strip() for line in block.splitlines() if line.strip()]
    return next((line for line in lines if line not in rest), None)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_python_on_a_page_runs(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = page.read_text("utf-8")
    namespace = {"__name__": page.stem}
    for block in FENCE.finditer(text):
        if block[1] == "python":
            above = "\n" * text.count("\n", 0, block.start(2))  # tracebacks name the page's line
            exec(compile(above + block[2], page, "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_python_that_runs_or_a_quotation_or_is_marked_otherwise(page):
    text = page.read_text("utf-8")
    kinds = [block[1] for block in FENCE.finditer(text)]
    assert set(kinds) <= {"python", "py", "text", "sh"}
    assert kinds.count("py") == len(QUOTATION.findall(text))
    assert text.count("```") == 2 * len(kinds)


@pytest.mark.parametrize("page", COURSE, ids=name_of)
def test_what_a_page_quotes_stands_in_the_code(page):
    for _, file, name, block in QUOTATION.findall(page.read_text("utf-8")):
        wrong = misquoted(block, source_of(file, name))
        assert wrong is None, f"not in {name} of nn/{file}, or not there: {wrong}"


def test_a_line_that_is_not_in_the_code_is_noticed():
    source = source_of("layers.py", "Dense.forward")
    assert misquoted('y = x @ params["W"]  # n units\n\n    return y, x\n', source) is None
    assert misquoted("return y, x\ny += params['b']\n", source) == "y += params['b']"
    assert misquoted('return y, x\ny += params["b"]\n', source) == 'y += params["b"]'  # the order


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    links = re.findall(r'\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"', prose(page))
    for link in (a or b for a, b in links):
        target = link.split("#")[0]
        if re.match(r"[a-z]+:", target) or not target:
            continue
        assert (page.parent / target).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_dollars_come_in_pairs(page):
    text = prose(page)
    assert text.count("$$") % 2 == 0
    for line in text.replace("$$", "").splitlines():
        assert line.count("$") % 2 == 0, line


@pytest.mark.parametrize("page", COURSE, ids=name_of)
def test_formulas_survive_githubs_markdown(page):
    """Markdown goes over a page before its formulas are set: it takes backslashes and underscores.

    Formulas that spread over lines stand alone between blank lines.
    """
    text = prose(page)
    for match in MATH.finditer(text):
        formula, before = match[0], text[: match.start()]
        assert not re.search(r"\\[^a-zA-Z]", formula), f"an escape to Markdown: {formula}"
        assert not re.search(r"[*<>&|]|[^\w\s]_|\\operatorname", formula), formula
        assert formula.count("{") == formula.count("}"), formula
        after = text[match.end() :]
        if match[1]:
            assert before.endswith("\n\n"), formula
            assert after.startswith("\n\n"), formula
        else:
            assert re.search(r"(^|\s)$", before), f"no space before {formula}"
            assert re.match(r"[\s.,:;?!]", after), f"neither space nor stop after {formula}"
            assert formula == f"${formula[1:-1].strip()}$", formula
