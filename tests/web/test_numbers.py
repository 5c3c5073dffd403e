"""Whole numbers over HTTP: every field of an answer, and every limit of what is sent."""

import base64
import io
import math

import numpy as np
import pytest

from nn.measure.robustness import encoded
from tests.support.numbers import drawn, written
from tests.support.problems import assert_problem
from web.api.request_body import MAX_POINTS, MAX_STROKES

SIZE = (900, 200)


def body(strokes, picture):
    """What the page sends."""
    image = base64.b64encode(encoded(picture)).decode()
    return {"image": image, "strokes": [stroke.tolist() for stroke in strokes]}


@pytest.fixture(scope="module")
def forty_two(own_digits):
    return body(*written("42", own_digits))


def ask(client, sent, query=""):
    return client.post(f"/api/predict{query}", json=sent).get_json()


@pytest.mark.parametrize("with_strokes", [True, False], ids=["strokes", "picture"])
def test_number_has_every_field(client, forty_two, with_strokes):
    sent = forty_two if with_strokes else {"image": forty_two["image"]}
    answer = ask(client, sent)
    assert answer["number"] == "42"
    assert (answer["digit"], answer["probabilities"], answer["rejected"]) == (None, None, None)
    assert (answer["doubtful"], answer["alternatives"]) == (False, [])
    assert 0.8 < answer["confidence"] <= 1
    assert answer["fact"]["number"] == 42
    four, two = answer["digits"]
    assert (four["digit"], two["digit"]) == (4, 2)
    for digit in (four, two):
        assert digit.keys() == {"digit", "confidence", "doubtful", "probabilities", "box"}
        assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-5)
        left, top, right, bottom = digit["box"]
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
    assert four["box"][2] < two["box"][0]


def test_single_digit_is_also_a_number_of_one(client, own_digits):
    answer = ask(client, body(*written("7", own_digits)))
    assert (answer["digit"], answer["number"]) == (7, "7")
    (digit,) = answer["digits"]
    assert digit["probabilities"] == answer["probabilities"]
    assert digit["confidence"] == answer["confidence"]


def test_refused_drawing_and_blank_sheet_have_no_number(client):
    blank = ask(client, body([], drawn([], 9.0, SIZE)))
    assert (blank["number"], blank["digits"], blank["rejected"]) == (None, [], "blank")
    zigzag = [[[20 + 40 * i, 30 + 130 * (i % 2)] for i in range(20)]]
    picture = drawn([np.array(zigzag[0], float)], 9.0, SIZE)
    refused = ask(client, body([np.array(zigzag[0], float)], picture))
    assert (refused["number"], refused["digits"]) == (None, [])
    assert (refused["rejected"], refused["fact"]) == ("not-a-digit", None)
    assert len(refused["probabilities"]) == 10


def test_fact_is_about_the_number_without_its_leading_zeros(client, own_digits):
    answer = ask(client, body(*written("007", own_digits)))
    assert (answer["number"], answer["fact"]["number"]) == ("007", 7)


def test_longest_number_has_a_fact(client, own_digits):
    answer = ask(client, body(*written("314159265358", own_digits, height=60.0, pen=8.0)))
    assert (answer["number"], answer["fact"]["number"]) == ("314159265358", 314159265358)


def test_digits_1_reads_a_single_digit(client, forty_two):
    answer = ask(client, forty_two, "?digits=1")
    assert answer["number"] is None or len(answer["number"]) == 1
    assert len(answer["probabilities"]) == 10
    plain = client.post("/?digits=1", json=forty_two).get_data(as_text=True)
    assert len(plain.split()[0]) == 1
    assert_problem(client.post("/api/predict?digits=2", json=forty_two), 422)
    assert_problem(client.post("/?digits=two", json=forty_two), 422)


def test_root_answers_the_number_as_text(client, forty_two):
    plain = client.post("/", json=forty_two).get_data(as_text=True)
    number, confidence = plain.split(" ")
    assert number == "42"
    assert float(confidence) == pytest.approx(ask(client, forty_two)["confidence"], abs=1e-4)


def test_seen_of_each_digit_is_included(client, forty_two):
    answer = ask(client, forty_two, "?include=seen&place=1")
    seen = [digit["seen"] for digit in answer["digits"]]
    assert [len(pixels) for pixels in seen] == [784, 784]
    assert answer["seen"] == seen[1] != seen[0]


def test_batch_reads_numbers(client, own_digits):
    images = [body(*written(text, own_digits))["image"] for text in ("42", "7", "1984")]
    answers = ask(client, {"images": images})["answers"]
    assert [answer["number"] for answer in answers] == ["42", "7", "1984"]


def test_form_without_script_reads_numbers(client, own_digits):
    png = encoded(written("42", own_digits)[1])
    page = client.post("/read", data={"image": (io.BytesIO(png), "number.png")})
    text = page.get_data(as_text=True)
    assert "That is 42" in text
    assert "About 42" in text


def test_metrics_and_models_of_every_kind_read_numbers(client, own_digits):
    """A network without a class for non-digits reads digits that are clearly apart."""
    sent = body(*written("365", own_digits))
    assert ask(client, sent, "?model=lenet")["number"] == "365"


@pytest.mark.parametrize(
    ("strokes", "sentence"),
    [
        (7, "not a list of lists"),
        ({"0": []}, "not a list of lists"),
        ([7], "not a list of lists"),
        ([[]], "no points"),
        ([[[1, 2, 3]]], "not two numbers"),
        ([[[1, "2"]]], "not two numbers"),
        ([[[1, None]]], "not two numbers"),
        ([[[True, 2]]], "not two numbers"),
        ([[[1, 5000]]], "not in the picture"),
        ([[[math.nan, 1]]], "not in the picture"),
        ([[[math.inf, 1]]], "not in the picture"),
        ([[[1, 1]]] * (MAX_STROKES + 1), f"at most {MAX_STROKES}"),
        ([[[1, 1]]] * 500, "500 strokes"),
        ([[[1, 1]] * (MAX_POINTS + 1)], f"at most {MAX_POINTS}"),
        ([[[1, 1]] * 100_000], f"at most {MAX_POINTS} points"),
    ],
)
def test_strokes_that_cannot_be_used_are_refused(client, forty_two, strokes, sentence):
    response = client.post("/api/predict", json={"image": forty_two["image"], "strokes": strokes})
    assert_problem(response, 422)
    assert sentence in response.get_json()["detail"]


def test_strokes_belong_to_one_picture(client, forty_two):
    for other in ({"images": [forty_two["image"]]}, {"pixels": [0.5] * 784}):
        sent = {**other, "strokes": forty_two["strokes"]}
        assert_problem(client.post("/api/predict", json=sent), 422)


def test_too_long_numbers_and_several_lines_are_refused(client, own_digits):
    long = body(*written("1234567890123", own_digits, size=(1700, 200), pen=8.0))
    lines = [written("42", own_digits, top=20.0 + 150 * line)[0] for line in range(3)]
    strokes = [stroke for line in lines for stroke in line]
    poem = body(strokes, drawn(strokes, 12.0, (900, 500)))
    for sent, sentence in ((long, "at most 12"), (poem, "several lines")):
        for parts in (sent, {"image": sent["image"]}):
            response = client.post("/api/predict", json=parts)
            assert_problem(response, 422)
            assert sentence in response.get_json()["detail"]
    assert_problem(client.post("/", json=long), 422)
    batch = client.post("/api/predict", json={"images": [poem["image"]]})
    assert batch.get_json()["detail"].startswith("image 0: ")


def test_pen_may_leave_the_picture(client, own_digits):
    strokes, picture = written("42", own_digits, left=-20.0)
    answer = ask(client, body(strokes, picture))
    assert answer["digits"][0]["box"][0] == 0
