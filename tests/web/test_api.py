"""The API as its description says it is: schemas, batch, caches, other origins, examples."""

import base64
import html
import io
import json
import re
import shutil
import subprocess
import sys

import jsonschema
import pytest
from openapi_spec_validator import validate
from PIL import Image

from app import create_app
from nn.measure.robustness import encoded
from settings import Settings
from tests.support.missing import missing
from tests.support.networks import DOUBT_ALL, READ_ALL, REFUSE_ALL, models_with_thresholds
from tests.support.pictures import BOMB, JPEG, picture_of, strokes_of, ways_to_send
from tests.support.polling import PATIENCE
from tests.support.problems import assert_problem
from web.api.request_body import MAX_BATCH

EVERYTHING = "include=seen,steps,activations,saliency,models"
BLANK = encoded(Image.new("L", (28, 28), 255))


def text(content):
    return base64.b64encode(content).decode()


@pytest.fixture(scope="module")
def document(app):
    return app.test_client().get("/api/openapi.json").get_json()


@pytest.fixture(scope="module")
def digits(drawings):
    """Pictures of 0 to 9."""
    return [encoded(picture_of(strokes_of(drawings, digit))) for digit in range(10)]


def check(document, response, path, method):
    """Fails when this answer is not what the document says of it; no key may be undescribed."""
    described = document["paths"][path][method]["responses"][str(response.status_code)]
    content = described["content"][response.mimetype]
    if response.is_json:
        schema = {**content["schema"], "components": document["components"]}
        validator = jsonschema.Draft202012Validator(schema)
        assert [error.message for error in validator.iter_errors(response.get_json())] == []


# ------------------------------------------------------------------------------------ description


def test_openapi_document_is_valid(document):
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert not re.search(r'\$(?!ref")\w', json.dumps(document)), "all placeholders are filled in"


FOR_BROWSERS = {"static", "service_worker", "form", "read_form", "course", "plot"}


def test_openapi_document_describes_exactly_the_routes(app, document):
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint not in FOR_BROWSERS
    }
    described = {(path, method) for path, item in document["paths"].items() for method in item}
    assert described == routes


@pytest.mark.parametrize("way", ways_to_send(Image.new("L", (9, 9))))
@pytest.mark.parametrize("query", ["", f"?{EVERYTHING}", f"?{EVERYTHING}&model=ten"])
def test_predict_response_matches_schema_for_every_input_form(client, document, digits, way, query):
    sent = ways_to_send(Image.open(io.BytesIO(digits[7])))[way]
    response = client.post("/api/predict" + query, **sent)
    assert response.status_code == 200
    check(document, response, "/api/predict", "post")


def test_neuron_response_matches_schema(client, document, digits):
    for neuron in (
        "neuron=3.0&model=ten",
        "neuron=1.3.14.14",
        "neuron=3.1.5.5&skip=crop&ablate=3:1.2",
    ):
        query = f"?include=neuron&{neuron}&noise=0.1"
        response = client.post(f"/api/predict{query}", data=digits[7], content_type="image/png")
        assert response.status_code == 200, response.get_json()
        assert response.get_json()["neuron"]["inputs"] > 0
        check(document, response, "/api/predict", "post")


def post_everything(client, picture):
    return client.post(f"/api/predict?{EVERYTHING}", data=picture, content_type="image/png")


def test_response_of_each_verdict_matches_schema(monkeypatch, document, digits):
    for thresholds, digit, doubtful, rejected in (
        (READ_ALL, 7, False, None),
        (DOUBT_ALL, 7, True, None),
        (REFUSE_ALL, None, False, "not-a-digit"),
    ):
        models = models_with_thresholds(*thresholds)
        monkeypatch.setattr("app.load_models", lambda models=models: models)
        client = create_app(Settings(numbers_api_url="")).test_client()
        response = post_everything(client, digits[7])
        answer = response.get_json()
        assert (answer["digit"], answer["doubtful"], answer["rejected"]) == (
            digit,
            doubtful,
            rejected,
        )
        check(document, response, "/api/predict", "post")


def test_blank_and_error_responses_match_schema(client, document):
    response = post_everything(client, BLANK)
    assert response.get_json()["rejected"] == "blank"
    check(document, response, "/api/predict", "post")
    check(document, client.post("/api/predict", data="?"), "/api/predict", "post")


def test_get_responses_match_schema(client, document):
    for number in (*range(-2, 60), 10**12, -(10**12)):
        for kind in ("", "?kind=math", "?kind=trivia"):
            response = client.get(f"/api/facts/{number}{kind}")
            check(document, response, "/api/facts/{number}", "get")
    for path in document["paths"]:
        if "{" not in path and "get" in document["paths"][path]:
            response = client.get(path)
            assert response.status_code == 200
            check(document, response, path, "get")


def test_schema_check_detects_unknown_keys(client, document):
    response = client.post("/api/predict", data=JPEG, content_type="image/jpeg")
    answer = {**response.get_json(), "surprise": 1}
    response.set_data(json.dumps(answer))
    with pytest.raises(AssertionError, match="surprise"):
        check(document, response, "/api/predict", "post")


# ------------------------------------------------------------------------------------------ batch


def test_batch_predictions_are_in_order(client, document, digits):
    order = [7, 1, 0, 4, 4, 9]
    images = [text(digits[digit]) for digit in order]
    response = client.post("/api/predict?include=seen", json={"images": images})
    answers = response.get_json()["answers"]
    assert [answer["digit"] for answer in answers] == order
    check(document, response, "/api/predict", "post")
    for answer, digit in zip(answers, order, strict=True):
        body = {"data": digits[digit], "content_type": "image/png"}
        alone = client.post("/api/predict?include=seen", **body).get_json()
        assert answer | {"fact": None} == alone | {"fact": None}
    texts = [answer["fact"]["text"] for answer in answers]
    assert len(set(texts)) == len(texts)


def test_multipart_form_can_carry_a_batch(client, digits):
    files = [(io.BytesIO(digits[digit]), f"{digit}.png") for digit in (3, 8, 5)]
    answers = client.post("/api/predict", data={"images": files}).get_json()["answers"]
    assert [answer["digit"] for answer in answers] == [3, 8, 5]


def test_batch_may_have_one_picture_or_a_blank_one(client, digits):
    answers = client.post("/api/predict", json={"images": [text(digits[7])]}).get_json()["answers"]
    assert [answer["digit"] for answer in answers] == [7]
    images = [text(BLANK), text(digits[2])]
    answers = client.post("/api/predict", json={"images": images}).get_json()["answers"]
    assert [answer["rejected"] for answer in answers] == ["blank", None]


BAD_BATCHES = {
    "cut": (400, text(JPEG[:500])),
    "no base64": (400, "hello, world"),
    "a number": (422, 7),
    "another format": (415, text(b"GIF89a")),
    "144 megapixels": (413, text(BOMB)),
}


@pytest.mark.parametrize(("status", "bad"), BAD_BATCHES.values(), ids=BAD_BATCHES)
def test_unreadable_picture_fails_the_batch_and_is_named(client, digits, status, bad):
    images = [text(digits[1]), text(digits[2]), bad, text(digits[3])]
    response = client.post("/api/predict", json={"images": images})
    assert_problem(response, status)
    assert "image 2:" in response.get_json(force=True)["detail"]


@pytest.mark.parametrize("images", [[], "text", None, {}, [text(BLANK)] * (MAX_BATCH + 1)])
def test_invalid_batch_returns_422(client, images):
    assert_problem(client.post("/api/predict", json={"images": images}), 422)


def test_batch_that_takes_longer_than_any_picture_returns_413(client):
    large = text(encoded(Image.new("L", (1100, 1100), 255)))
    assert client.post("/api/predict", json={"images": [large] * 4}).status_code == 200
    assert_problem(client.post("/api/predict", json={"images": [large] * 8}), 413)


def test_plain_text_route_refuses_batches(client, digits):
    assert_problem(client.post("/", json={"images": [text(digits[7])]}), 422)


# --------------------------------------------------------------------------------- caches, origins


@pytest.mark.parametrize("path", ["/api/models", "/api/openapi.json"])
def test_etag_gives_304(client, path):
    response = client.get(path)
    assert response.cache_control.public
    assert response.cache_control.max_age > 0
    again = client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_predictions_facts_and_errors_are_not_cached(client):
    for response in (
        client.post("/api/predict", data=JPEG, content_type="image/jpeg"),
        client.post("/", data=JPEG, content_type="image/jpeg"),
        client.get("/api/facts/7"),
        client.get("/api/facts/seven"),
        client.post("/api/predict", data="?"),
    ):
        assert response.cache_control.no_store


ELSEWHERE = {"Origin": "https://elsewhere.example"}
ASKING = {
    **ELSEWHERE,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,x-api-key",
}


def allowed(response):
    return response.headers.get("Access-Control-Allow-Origin")


def test_cors_is_off_by_default(client):
    assert allowed(client.options("/api/predict", headers=ASKING)) is None
    assert allowed(client.get("/api/models", headers=ELSEWHERE)) is None


def test_cors_allows_configured_origins_only():
    origins = ("https://elsewhere.example", "https://third.example")
    key = "a-key-of-some-length"
    client = create_app(
        Settings(numbers_api_url="", cors_origins=origins, api_keys=(key,))
    ).test_client()
    asked = client.options("/api/predict", headers=ASKING)  # browsers ask without a key
    assert asked.status_code == 200
    assert allowed(asked) == "https://elsewhere.example"
    assert "x-api-key" in asked.headers["Access-Control-Allow-Headers"].lower()
    assert "Access-Control-Allow-Credentials" not in asked.headers
    answer = client.post("/api/predict", data=text(JPEG), headers={**ELSEWHERE, "X-API-Key": key})
    assert allowed(answer) == "https://elsewhere.example"
    refused = client.post("/api/predict", data="?", headers={**ELSEWHERE, "X-API-Key": key})
    assert allowed(refused) == "https://elsewhere.example"
    for origin in ("https://elsewhere.example.evil", "http://elsewhere.example", "null"):
        assert allowed(client.get("/api/models", headers={"Origin": origin})) is None
    assert allowed(client.get("/", headers=ELSEWHERE)) is None


def test_cors_allows_any_origin_if_configured():
    client = create_app(Settings(numbers_api_url="", cors_origins=("*",))).test_client()
    assert allowed(client.get("/api/models", headers=ELSEWHERE)) == "*"


# --------------------------------------------------------------------------------- page, examples


@pytest.fixture(scope="module")
def examples(server):
    """The programs on the page, as one would copy them from there."""
    import requests

    page = requests.get(f"{server}/api", timeout=PATIENCE).text
    found = re.findall(r'<pre[^>]* id="example-(\w+)"[^>]*><code>(.*?)</code>', page, re.S)
    programs = {name: html.unescape(code) for name, code in found}
    assert programs.keys() == {"curl", "python", "javascript"}
    assert all(server in code for code in programs.values())
    return programs


@pytest.fixture
def with_seven(tmp_path, digits):
    (tmp_path / "seven.png").write_bytes(digits[7])
    return tmp_path


def test_curl_example_runs(examples, with_seven):
    if not (shutil.which("curl") and shutil.which("bash")):
        missing("there is no curl or no bash here: apt install curl bash")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "KEY=none\n" + examples["curl"]],
        cwd=with_seven,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    decoder, rest, answers = json.JSONDecoder(), done.stdout, []
    while rest := rest.strip():
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:]
    assert answers[0]["digit"] == 7
    assert [answer["digit"] for answer in answers[1]["answers"]] == [7, 7]
    assert len(answers[1]["answers"][0]["seen"]) == 784
    assert answers[2]["digit"] == 7
    assert (answers[3]["number"], answers[3]["kind"]) == (7, "math")


def test_python_example_runs(examples, with_seven):
    done = subprocess.run(
        [sys.executable, "-c", examples["python"]],
        cwd=with_seven,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert re.match(r"7 [01]\.\d+ \w+", lines[0])
    assert lines[1] == "['7', '7', '7']"


def test_javascript_example_runs(examples, chromium, server):
    page = chromium.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{server}/healthz")
    page.evaluate(
        """() => {
            const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
            document.body.replaceChildren(canvas);
            canvas.width = canvas.height = 280;
            pen.lineWidth = 20;
            pen.moveTo(80, 60); pen.lineTo(190, 60); pen.lineTo(120, 220);
            pen.stroke();
        }"""
    )
    page.evaluate(f"(async () => {{ {examples['javascript']} }})()")
    page.close()
    assert any(re.match(r"7 [01]\.\d+ \w+", line) for line in said)


def test_api_page_shows_the_whole_openapi_document(client, document):
    page = html.unescape(client.get("/api").get_data(as_text=True))
    for path, item in document["paths"].items():
        for method, route in item.items():
            assert f"{method.upper()} {path}" in page
            assert all(status in page for status in route["responses"])
            assert all(parameter["name"] in page for parameter in route["parameters"])
    for name, schema in document["components"]["schemas"].items():
        assert f'id="{name}"' in page
        assert all(f"<code>{key}</code>" in page for key in schema["properties"])
    assert "object at 0x" not in page
    links = set(re.findall(r'href="#(\w+)"', page))
    assert links <= set(re.findall(r'id="(\w+)"', page))
