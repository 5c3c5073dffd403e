"""What the documents say of the code holds: they run, quote it word for word, and link to it."""

import ast
import json
import re
import shlex
from pathlib import Path

import pytest

from nn.cli.main import parser
from web.pages.course import anchor

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
COURSE = sorted((ROOT / "docs").glob("[0-9]*.md"))
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md"))]

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


def marks_of(page):
    return [pytest.mark.training] if "from nn.training import" in page.read_text("utf-8") else []


@pytest.mark.parametrize("page", [pytest.param(p, marks=marks_of(p), id=name_of(p)) for p in PAGES])
def test_python_blocks_run(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    text = page.read_text("utf-8")
    namespace = {"__name__": page.stem}
    for block in FENCE.finditer(text):
        if block[1] == "python":
            above = "\n" * text.count("\n", 0, block.start(2))  # tracebacks name the page's line
            exec(compile(above + block[2], page, "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_code_blocks_have_a_known_kind(page):
    text = page.read_text("utf-8")
    kinds = [block[1] for block in FENCE.finditer(text)]
    assert set(kinds) <= {"python", "py", "text", "sh"}
    assert kinds.count("py") == len(QUOTATION.findall(text))
    assert text.count("```") == 2 * len(kinds)


@pytest.mark.parametrize("page", COURSE, ids=name_of)
def test_quoted_code_matches_the_source(page):
    for _, file, name, block in QUOTATION.findall(page.read_text("utf-8")):
        wrong = misquoted(block, source_of(file, name))
        assert wrong is None, f"not in {name} of nn/{file}, or not there: {wrong}"


def test_quotation_check_detects_wrong_lines():
    source = source_of("layers.py", "Dense.forward")
    assert misquoted('y = x @ params["W"]  # n units\n\n    return y, x\n', source) is None
    assert misquoted("return y, x\ny += params['b']\n", source) == "y += params['b']"
    assert misquoted('return y, x\ny += params["b"]\n', source) == 'y += params["b"]'  # the order


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_heading(page):
    links = re.findall(r'\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"', prose(page))
    for link in (a or b for a, b in links):
        target, _, heading = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = page.parent / target if target else page
        assert path.exists(), link
        if heading:
            assert heading in headings(path), link


def headings(page):
    """The anchors that GitHub makes of the headings of a page."""
    return [anchor(line.lstrip("# ")) for line in prose(page).splitlines() if line.startswith("#")]


def test_the_readme_keeps_to_its_budget():
    text = README.read_text("utf-8")
    assert len(text.split()) <= 1000
    assert len(text.encode()) <= 8000


def test_contributing_fits_on_one_screen():
    assert len((ROOT / "CONTRIBUTING.md").read_text("utf-8").splitlines()) <= 60


def test_the_variables_that_are_documented_are_those_that_are_read():
    text = (ROOT / "docs" / "operation.md").read_text("utf-8")
    section = text.split("## Configuration")[1].split("\n## ")[0]
    documented = re.findall(r"^\| `([A-Z_]+)` \|", section, re.MULTILINE)
    read = re.findall(r'"([A-Z]+(?:_[A-Z]+)*)"', (ROOT / "settings.py").read_text("utf-8"))
    assert sorted(documented) == sorted({*read, "DIGITS_DATA"})
    assert json.loads((ROOT / "app.json").read_text("utf-8"))["env"].keys() <= set(documented)


def lines_of_shell(page):
    """The words of each line of the page's shell blocks, without comments."""
    for kind, block in FENCE.findall(page.read_text("utf-8")):
        if kind == "sh":
            yield from (shlex.split(line, comments=True) for line in block.splitlines())


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_shell_commands_can_be_pasted(page):
    make = (ROOT / "Makefile").read_text("utf-8")
    for words in lines_of_shell(page):
        assert "|" not in words, "a choice, which a shell takes for a pipe"
        if "make" in words:
            assert re.search(rf"^{words[words.index('make') + 1]}:", make, re.MULTILINE), words
        if words[:3] == ["python", "-m", "nn"]:
            end = words.index(">") if ">" in words else None
            named = [{"NAME": "narrow", "$name": "narrow"}.get(word, word) for word in words[3:end]]
            parser().parse_args(named)
        elif words[:1] == ["python"] and words[1] != "-m":
            assert (ROOT / words[1]).exists(), words


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_math_delimiters_are_balanced(page):
    text = prose(page)
    assert text.count("$$") % 2 == 0
    for line in text.replace("$$", "").splitlines():
        assert line.count("$") % 2 == 0, line


@pytest.mark.parametrize("page", COURSE, ids=name_of)
def test_formulas_are_safe_in_github_markdown(page):
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
