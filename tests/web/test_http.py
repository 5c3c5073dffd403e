"""The API: every form of a drawing is answered, every bad request gets its status and one shape."""

import base64
import io
import json
import logging
import socket
import tempfile
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests
from PIL import Image

from app import create_app
from nn.data.glyphs import hand
from nn.ink.preprocess import to_input
from nn.ink.strokes import draw
from nn.measure.robustness import encoded
from nn.numbers.reader import MIN_RIVAL
from settings import Settings
from tests.support import hostile_pictures
from tests.support.networks import DOUBT_ALL, REFUSE_ALL, models_with_thresholds, network_of
from tests.support.pictures import (
    BOMB,
    GIF,
    JPEG,
    TEXT,
    picture_of,
    strokes_of,
    ways_to_send,
)
from tests.support.polling import PATIENCE
from tests.support.problems import PROBLEM_KEYS, assert_problem
from tests.support.sockets import read_all


@pytest.fixture(scope="module")
def seven(drawings):
    return picture_of(strokes_of(drawings, 7))


# -------------------------------------------------------------------------------- what is answered


@pytest.mark.parametrize("way", ways_to_send(Image.new("L", (9, 9))))
def test_predict_accepts_every_input_form(client, seven, way):
    answer = client.post("/api/predict", **ways_to_send(seven)[way])
    assert answer.status_code == 200
    assert answer.get_json()["digit"] == 7
    plain = client.post("/", **ways_to_send(seven)[way])
    assert plain.mimetype == "text/plain"
    digit, confidence = plain.get_data(as_text=True).split(" ")
    assert digit == "7"
    assert float(confidence) == pytest.approx(answer.get_json()["confidence"], abs=1e-4)


def test_predict_response_has_consistent_fields(client, seven):
    answer = client.post("/api/predict?include=seen", **ways_to_send(seven)["raw PNG"]).get_json()
    assert answer["digit"] == int(np.argmax(answer["probabilities"]))
    assert answer["doubtful"] in (True, False)
    # the probability that it is this digit, and the one that it is, if it is a digit
    assert 0 < answer["confidence"] <= max(answer["probabilities"])
    assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-5)
    assert answer["rejected"] is None
    assert answer["model"] == "best"
    assert len(answer["seen"]) == 784
    assert (min(answer["seen"]), max(answer["seen"])) == (0, 1)
    assert answer["fact"]["number"] == 7
    assert {"text", "kind", "source"} <= answer["fact"].keys()


def test_seen_pixels_give_the_same_prediction(client, seven):
    answer = client.post("/api/predict?include=seen", **ways_to_send(seven)["raw PNG"]).get_json()
    again = client.post("/api/predict", json={"pixels": answer["seen"]}).get_json()
    assert "seen" not in again
    np.testing.assert_allclose(again["probabilities"], answer["probabilities"], atol=1e-3)


def test_integer_pixels_are_accepted(client):
    pixels = [0] * 784
    for row in range(5, 23):
        pixels[28 * row + 13] = pixels[28 * row + 14] = 1
    assert client.post("/api/predict", json={"pixels": pixels}).get_json()["digit"] == 1


def test_alternatives_list_close_probabilities(app, client):
    rng = np.random.default_rng(1)
    close = 0
    for pixels in 0.2 * rng.random((60, 784)):
        body = {"pixels": pixels.tolist()}
        answer = client.post("/api/predict?model=softmax", json=body).get_json()
        shares = answer["probabilities"]
        expected = {d for d in range(10) if d != answer["digit"] and shares[d] >= MIN_RIVAL}
        assert {other["digit"] for other in answer["alternatives"]} == expected
        close += bool(expected)
    assert close


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_blank_picture_is_rejected_as_blank(client, kind):
    body = encoded(Image.new("L", (280, 280), 255), kind)
    answer = client.post(
        "/api/predict?include=seen", data=body, content_type=f"image/{kind.lower()}"
    )
    assert answer.status_code == 200
    content = answer.get_json()
    assert (content["digit"], content["rejected"]) == (None, "blank")
    assert content["probabilities"] is content["fact"] is content["seen"] is None
    assert_problem(client.post("/", data=body, content_type="image/png"), 422)
    assert client.post("/api/predict", json={"pixels": [0] * 784}).get_json()["rejected"] == "blank"


def filled(gaps):
    """A canvas that someone has painted black, all of it or but for some gaps."""
    image = Image.new("L", (280, 280), 0)
    for x, y in gaps:
        image.paste(255, (x, y, x + 25, y + 12))
    return image


def hatched():
    lines = [[(x / 40, 0.02), (x / 40 + 0.02, 0.98)] for x in range(1, 40)]
    return draw(lines, 280, 12, (140, 140), 270)


NO_DIGITS = {
    "an even black sheet": (filled([]), "blank"),
    "an even gray sheet": (Image.new("L", (280, 280), 128), "blank"),
    "a sheet of faint noise": (
        Image.fromarray(np.random.default_rng(1).integers(250, 256, (280, 280)).astype(np.uint8)),
        "blank",
    ),
    "a speck": (draw([[(0, 0), (0, 1)]], 280, 2, (60, 60), 1), "blank"),
    "a dot": (draw([[(0, 0)]], 280, 20, (60, 60), 1), "not-a-digit"),
    "a fat dot": (draw([[(0, 0)]], 280, 36, (200, 100), 1), "not-a-digit"),
    "three dots": (draw([[(0, 0)], [(1, 0)], [(2, 0)]], 280, 16, (140, 140), 120), "not-a-digit"),
    "a dash": (draw([[(0, 0), (1, 0.05)]], 280, 20, (140, 140), 120), "not-a-digit"),
    "a tick": (draw([[(0, 0.6), (0.35, 1), (1, 0)]], 280, 16, (140, 140), 120), "not-a-digit"),
    "a triangle": (
        draw([[(0, 1), (0.5, 0), (1, 1), (0, 1)]], 280, 12, (140, 140), 150),
        "not-a-digit",
    ),
    "a canvas painted but for gaps": (
        filled([(30, 40), (200, 70), (90, 150), (210, 220), (20, 230)]),
        "not-a-digit",
    ),
    "a canvas hatched all over": (hatched(), "not-a-digit"),
}
NO_DIGITS |= {
    f"the letter {letter}": (
        draw(hand("hand-a")["letters"][letter][0], 280, 14, (140, 140), 150),
        "not-a-digit",
    )
    for letter in "AEFHKMNRWXehkmnrw"
}


@pytest.mark.parametrize(("image", "verdict"), NO_DIGITS.values(), ids=NO_DIGITS)
def test_nondigits_are_not_read_without_doubt(client, image, verdict):
    answer = post_png(client, image)
    assert answer["rejected"] == verdict or (answer["doubtful"] and verdict == "not-a-digit")


def test_most_nondigits_are_rejected(client):
    images = [image for image, verdict in NO_DIGITS.values() if verdict == "not-a-digit"]
    answers = [post_png(client, image) for image in images]
    rejected = [answer for answer in answers if answer["rejected"] == "not-a-digit"]
    assert len(rejected) >= 0.8 * len(images)


@pytest.mark.parametrize("reason", ["blank", "not-a-digit"])
def test_rejected_drawing_has_no_digit_and_no_fact(monkeypatch, seven, reason):
    image = filled([]) if reason == "blank" else seven
    answer = post_png(client_with_thresholds(monkeypatch, *REFUSE_ALL), image)
    assert (answer["digit"], answer["rejected"], answer["doubtful"]) == (None, reason, False)
    assert (answer["confidence"], answer["alternatives"], answer["fact"]) == (0, [], None)
    if reason == "blank":
        assert answer["probabilities"] is None
    else:
        assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-5)


def client_with_thresholds(monkeypatch, doubtful, refused):
    monkeypatch.setattr("app.load_models", lambda: models_with_thresholds(doubtful, refused))
    return create_app(Settings(numbers_api_url="")).test_client()


def post_png(client, image, query=""):
    body = encoded(image)
    return client.post(f"/api/predict{query}", data=body, content_type="image/png").get_json()


def test_own_drawings_of_digits_are_read(client, own_digits):
    answers = [post_png(client, picture_of(drawing["strokes"])) for drawing in own_digits]
    assert [answer["digit"] for answer in answers] == [each["label"] for each in own_digits]


# ------------------------------------------------------------------------------- read with doubt


def test_doubtful_drawing_has_its_digit_and_its_fact(monkeypatch, client, seven):
    doubting = client_with_thresholds(monkeypatch, *DOUBT_ALL)
    answer = post_png(doubting, seven)
    assert (answer["digit"], answer["doubtful"], answer["rejected"]) == (7, True, None)
    assert answer["fact"]["number"] == 7
    usual = post_png(client, seven)
    for key in ("digit", "confidence", "probabilities", "alternatives"):
        assert answer[key] == usual[key]


@pytest.mark.parametrize("style", ["star", "plus"])
def test_confidence_counts_in_no_digit(monkeypatch, drawings, style):
    image = picture_of(strokes_of(drawings, None, style))
    answer = post_png(client_with_thresholds(monkeypatch, *DOUBT_ALL), image, "?digits=1")
    scores = network_of("best").probabilities(to_input(encoded(image))[None, :, :, None])[0]
    assert answer["confidence"] == pytest.approx(scores[:10].max(), abs=1e-6)
    assert answer["probabilities"] == pytest.approx(scores[:10] / scores[:10].sum(), abs=1e-5)


def test_each_picture_of_a_batch_has_its_own_doubt(monkeypatch, seven):
    doubting = client_with_thresholds(monkeypatch, *DOUBT_ALL)
    pictures = [base64.b64encode(encoded(each)).decode() for each in (seven, filled([]))]
    answers = doubting.post("/api/predict", json={"images": pictures}).get_json()["answers"]
    assert [answer["doubtful"] for answer in answers] == [True, False]


def test_networks_of_ten_classes_doubt_nothing(monkeypatch, drawings):
    doubting = client_with_thresholds(monkeypatch, *DOUBT_ALL)
    body = encoded(picture_of(strokes_of(drawings, None, "star")))
    url = "/api/predict?include=models"
    rows = doubting.post(url, data=body, content_type="image/png").get_json()["models"]
    assert {row["model"]: row["doubtful"] for row in rows if row["doubtful"]} == {"best": True}


@pytest.mark.parametrize("thresholds", [DOUBT_ALL, REFUSE_ALL])
def test_plain_text_route_gives_the_best_guess_whatever_the_verdict(
    monkeypatch, client, seven, thresholds
):
    usual = client.post("/", **ways_to_send(seven)["raw PNG"]).text
    assert usual == "7 {confidence:.4f}".format(**post_png(client, seven))
    changed = client_with_thresholds(monkeypatch, *thresholds)
    assert changed.post("/", **ways_to_send(seven)["raw PNG"]).text == usual


def test_models_are_ranked_and_each_predicts(client, seven):
    listing = client.get("/api/models").get_json()
    names = [model["name"] for model in listing["models"]]
    assert listing["default"] == "best"
    assert len(names) == 8
    accuracies = [model["accuracy"]["mnist"] for model in listing["models"]]
    assert accuracies == sorted(accuracies, reverse=True)
    for name in names:
        answer = client.post(
            f"/api/predict?model={name}", **ways_to_send(seven)["raw PNG"]
        ).get_json()
        assert answer["model"] == name
        assert sum(answer["probabilities"]) == pytest.approx(1, abs=1e-5)


def test_page_lists_networks_ranked_by_accuracy(client):
    page = client.get("/").get_data(as_text=True)
    for name in ("pad", "clear", "undo", "redo", "digit", "message", "confidence", "bars", "fact"):
        assert f'id="{name}"' in page
    names = [model["name"] for model in client.get("/api/models").get_json()["models"]]
    places = [page.index(f'<option value="{name}"') for name in names]
    assert places == sorted(places)


def test_facts_are_given_for_any_number_and_kind(client):
    for number in (*range(10), 42, -3, 10**12):
        fact = client.get(f"/api/facts/{number}").get_json()
        assert fact["number"] == number
        assert fact["text"]
        assert fact["source"]
    assert client.get(f"/api/facts/{'0' * 30}7").get_json()["number"] == 7
    for kind in ("math", "trivia"):
        assert client.get(f"/api/facts/7?kind={kind}").get_json()["kind"] == kind


def test_healthz_returns_ok(client):
    assert client.get("/healthz").get_json() == {"status": "ok"}


# --------------------------------------------------------------------------------- what is refused


def as_json(body):
    return {"data": body, "content_type": "application/json"}


def pixels(*values, count=784):
    return as_json(json.dumps({"pixels": [*values, *[0.5] * (count - len(values))]}))


BAD_DRAWINGS = {
    "empty body": (400, {}),
    "empty body of JSON": (400, as_json(b"")),
    "empty raw body": (400, {"content_type": "image/jpeg"}),
    "cut base64": (400, {"data": TEXT[:1001]}),
    "base64 of a cut JPEG": (400, {"data": TEXT[:1000]}),
    "no base64 at all": (400, {"data": "hello, world"}),
    "nothing after the prefix": (400, {"data": "data:image/jpeg;base64,"}),
    "a prefix without a comma": (400, {"data": b"data:image/jpeg;base64" + TEXT}),
    "a prefix without base64": (400, {"data": b"data:image/jpeg," + TEXT}),
    "a prefix that is none": (400, {"data": b"image/jpeg;base64," + TEXT}),
    "a prefix of another type": (415, {"data": b"data:text/html;base64," + TEXT}),
    "umlauts": (400, {"data": "ä" * 100}),
    "text in base64": (415, {"data": base64.b64encode(b"just text")}),
    "text as a JPEG": (415, {"data": b"just text", "content_type": "image/jpeg"}),
    "a GIF": (415, {"data": GIF, "content_type": "image/gif"}),
    "a GIF said to be PNG": (415, {"data": GIF, "content_type": "image/png"}),
    "a GIF in base64": (415, {"data": base64.b64encode(GIF)}),
    "XML": (415, {"data": b"<a/>", "content_type": "application/xml"}),
    "a cut JPEG": (400, {"data": JPEG[: len(JPEG) // 2], "content_type": "image/jpeg"}),
    "the start of a JPEG": (400, {"data": JPEG[:10], "content_type": "image/jpeg"}),
    "144 megapixels in 140 kB": (413, {"data": BOMB, "content_type": "image/png"}),
    "30 MB of noise": (413, {"data": bytes(30_000_000), "content_type": "image/jpeg"}),
    "11 MB of noise": (413, {"data": b"\xff\xd8\xff" * 3_700_000, "content_type": "image/jpeg"}),
    "no JSON": (400, as_json(b"{")),
    "JSON in another encoding": (400, as_json('{"image": "ä"}'.encode("latin-1"))),
    "JSON nested too deep": (400, as_json(b"[" * 200_000)),
    "a JSON list": (422, as_json(b"[]")),
    "a JSON null": (422, as_json(b"null")),
    "JSON without a drawing": (422, as_json(b"{}")),
    "megabytes of brackets": (422, as_json(b"[" + b"[]," * 4_000_000 + b"[]]")),
    "JSON with two drawings": (422, as_json(b'{"image": "", "pixels": []}')),
    "an image that is a number": (422, as_json(b'{"image": 7}')),
    "an image that is null": (422, as_json(b'{"image": null}')),
    "an empty image": (400, as_json(b'{"image": ""}')),
    "an image of half a character": (400, as_json(b'{"image": "\\ud800"}')),
    "783 pixels": (422, pixels(count=783)),
    "785 pixels": (422, pixels(count=785)),
    "no pixels": (422, pixels(count=0)),
    "a pixel NaN": (422, pixels(float("nan"))),
    "a pixel infinity": (422, pixels(float("inf"))),
    "a pixel beyond any float": (422, pixels(10**400)),
    "a pixel of a thousand digits' exponent": (422, as_json(b'{"pixels": [1e999]}')),
    "a negative pixel": (422, pixels(-0.01)),
    "a pixel above 1": (422, pixels(1.01)),
    "a pixel of 255": (422, pixels(255)),
    "a boolean": (422, pixels(True)),
    "a string": (422, pixels("0.5")),
    "a null": (422, pixels(None)),
    "nested lists": (422, as_json(json.dumps({"pixels": [[0.5] * 28] * 28}))),
    "a list in the list": (422, pixels([0.5])),
    "pixels as text": (422, as_json(b'{"pixels": "0.5"}')),
    "pixels as an object": (422, as_json(b'{"pixels": {"0": 1}}')),
    "a form without the field": (400, {"data": {"other": (io.BytesIO(b"x"), "x.png")}}),
    "a form with an empty file": (400, {"data": {"image": (io.BytesIO(b""), "x.png")}}),
    "a form that is none": (
        400,
        {"data": b"xyz", "content_type": "multipart/form-data; boundary=b"},
    ),
    "a form without a boundary": (400, {"data": b"x", "content_type": "multipart/form-data"}),
}


@pytest.mark.parametrize(("status", "sent"), BAD_DRAWINGS.values(), ids=BAD_DRAWINGS)
@pytest.mark.parametrize("route", ["/api/predict", "/"])
def test_invalid_drawing_gets_its_status_and_the_next_is_read(client, route, status, sent):
    sent = copied(sent)
    assert_problem(client.post(route, **sent), status)
    assert client.post("/api/predict", data=TEXT).get_json()["digit"] == 7


def copied(sent):
    """Form fields hold files that can be read once."""
    if not isinstance(sent.get("data"), dict):
        return sent
    fresh = {key: (io.BytesIO(file.getvalue()), name) for key, (file, name) in sent["data"].items()}
    return {**sent, "data": fresh}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/", 404),
        ("GET", "/static/none.js", 404),
        ("GET", "/static/../app.py", 404),
        ("GET", "/api/predict", 405),
        ("DELETE", "/", 405),
        ("POST", "/api/models", 405),
        ("GET", "/api/facts/seven", 404),
        ("GET", "/api/facts/7.5", 404),
        ("GET", "/api/facts/" + urllib.parse.quote("٧"), 404),
        ("GET", "/api/facts/" + "9" * 5000, 422),
        ("GET", "/api/facts/1000000000001", 422),
        ("GET", "/api/facts/7?kind=gossip", 422),
        ("POST", "/api/predict?model=none", 422),
        ("POST", "/api/predict?include=everything", 422),
    ],
)
def test_invalid_address_gets_its_status(client, method, path, status):
    response = client.open(path, method=method, data=TEXT if method == "POST" else None)
    assert_problem(response, status)
    if status == 405:
        assert response.headers["Allow"]


def test_internal_error_is_logged_and_returns_500_without_details(app, caplog, monkeypatch):
    monkeypatch.setattr("web.api.routes.parse_body", lambda request: 1 / 0)
    with caplog.at_level(logging.ERROR):
        response = app.test_client().post("/api/predict", data=TEXT)
    assert_problem(response, 500)
    assert "division" not in response.get_data(as_text=True)
    assert "ZeroDivisionError" in caplog.text


# -------------------------------------------------------------------------- through real gunicorn


def test_gunicorn_answers_bad_requests_and_goes_on(server):
    for body in (bytes(30_000_000), BOMB, JPEG[:500]):
        headers = {"Content-Type": "image/png"}
        response = requests.post(f"{server}/api/predict", body, headers=headers, timeout=PATIENCE)
        assert response.status_code in (400, 413, 415)
        assert response.json().keys() == PROBLEM_KEYS
        assert requests.post(f"{server}/", TEXT, timeout=PATIENCE).text.startswith("7 ")


def test_chunked_body_of_30_mb_returns_413(server):
    def pieces():
        for _ in range(300):
            yield bytes(100_000)

    response = requests.post(f"{server}/api/predict", pieces(), timeout=PATIENCE)
    assert response.status_code == 413


@pytest.mark.parametrize("chunks", [b"zz\r\nabc\r\n", b"-5\r\nabc\r\n", b"5\r\nabc"])
@pytest.mark.parametrize(
    "kind", ["image/png", "application/json", "multipart/form-data; boundary=b"]
)
def test_malformed_chunks_return_400(server, chunks, kind):
    host, port = server.removeprefix("http://").split(":")
    head = f"POST /api/predict HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\n"
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert requests.post(f"{server}/", TEXT, timeout=PATIENCE).text.startswith("7 ")


def test_concurrent_requests_get_their_own_predictions(server, own_digits):
    def read(drawing):
        body = encoded(picture_of(drawing["strokes"]), "PNG")
        headers = {"Content-Type": "image/png"}
        return requests.post(
            f"{server}/api/predict", body, headers=headers, timeout=PATIENCE
        ).json()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(read, own_digits * 3))
    labels = [drawing["label"] for drawing in own_digits]
    assert [answer["digit"] for answer in answers] == labels * 3


def test_drawings_are_not_logged(server, server_log):
    assert requests.post(f"{server}/", TEXT, timeout=PATIENCE).status_code == 200
    assert requests.post(f"{server}/api/predict", TEXT[:1000], timeout=PATIENCE).status_code == 400
    log = server_log.read_text()
    for start in range(0, 1000, 100):
        assert TEXT[start : start + 40].decode() not in log


def test_files_of_a_form_are_never_written(client, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    picture = hostile_pictures.noisy_file("PNG", 900, 900)
    assert len(picture) > 2_000_000
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    form = head + picture + b"\r\n--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    response = client.post("/api/predict", data=form, content_type=kind)
    assert response.status_code == 200
    with pytest.raises(FileNotFoundError):
        tempfile.mkdtemp()
