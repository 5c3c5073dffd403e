"""Without JavaScript: a picture is sent by a form, and the whole answer is made by the server."""

import io
import re

import pytest
import requests
from PIL import Image

from app import create_app
from nn.ink.strokes import draw
from nn.measure.robustness import encoded
from settings import Settings
from tests.support.page import patient_context, session_token
from tests.support.pictures import strokes_of
from tests.support.polling import PATIENCE
from web.access.api_keys import LIFETIME


def picture(strokes):
    return encoded(draw(strokes, 280, 20, (140, 140), 170))


def send(client, content, name="digit.png", **fields):
    files = {"image": (io.BytesIO(content), name)}
    return client.post("/read", data=files | fields, content_type="multipart/form-data")


def words(response):
    html = response.get_data(as_text=True)
    main = html[html.index("<main") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)).replace("\u00a0", " ")


def test_form_without_javascript_shows_the_prediction(chromium, server, drawings):
    with patient_context(chromium, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(server)
        assert not page.locator("#pad").is_visible()
        content = picture(strokes_of(drawings, 7))
        page.set_input_files(
            "#image", {"name": "7.png", "mimeType": "image/png", "buffer": content}
        )
        page.select_option("#reader", "lenet")
        page.click("form button")
        assert page.locator("h1").text_content() == "That is a 7"
        assert page.locator("#digit").text_content() == "7"
        assert "%" in page.locator("#confidence").text_content()
        assert page.locator("#bars tr").count() == 10
        assert page.locator("#bars tr.top th").text_content() == "7"
        assert len(page.locator("#fact .text").text_content()) > 20
        assert page.locator("#seen path").count() > 50
        assert page.locator("#reader").input_value() == "lenet"


def test_form_response_matches_the_api(client, drawings):
    for digit in range(10):
        content = picture(strokes_of(drawings, digit))
        answer = client.post("/api/predict", data=content, content_type="image/png").get_json()
        text = words(send(client, content))
        assert f"That is a {answer['digit']}" in text
        # the fact may have percentages, too
        before_the_fact = text.split(f"About {answer['digit']}")[0]
        shown = [float(text) for text in re.findall(r"(\d+\.\d) %", before_the_fact)]
        sent = [answer["confidence"], *answer["probabilities"]]
        assert shown == pytest.approx([100 * p for p in sent], abs=0.11)


def test_form_shows_that_a_picture_is_blank(client):
    blank = send(client, encoded(Image.new("L", (99, 99), 255)))
    assert blank.status_code == 200
    assert "There is nothing drawn on that picture" in words(blank)


@pytest.mark.parametrize(
    ("content", "fields", "status", "said"),
    [
        (b"seven", {}, 415, "not a JPEG, PNG or WebP"),
        (b"\x89PNG\r\n\x1a\n1234", {}, 400, "truncated"),
        (b"", {}, 400, "No picture was chosen"),
        (None, {"model": "<b>none</b>"}, 422, "There is no model"),
    ],
)
def test_form_errors_are_html_pages_with_a_sentence(
    client, drawings, content, fields, status, said
):
    content = picture(strokes_of(drawings, 1)) if content is None else content
    name = "digit.png" if content else ""
    response = send(client, content, name, **fields)
    assert response.status_code == status
    assert response.mimetype == "text/html"
    assert said in words(response)
    assert "<b>none" not in response.get_data(as_text=True)
    assert 'name="image"' in response.get_data(as_text=True)


def test_form_with_a_too_large_picture_returns_413_as_html(server):
    files = {"image": ("digit.png", b"0" * 13_000_000)}
    response = requests.post(f"{server}/read", files=files, timeout=PATIENCE)
    assert response.status_code == 413
    assert response.headers["Content-Type"].startswith("text/html")
    assert "more than the 10000000 allowed" in response.text


def test_get_of_the_form_result_redirects_to_the_page(client):
    response = client.get("/read")
    assert response.status_code == 302
    assert response.headers["Location"] == "/"


def test_form_responses_are_not_cached(client, drawings):
    assert send(client, picture(strokes_of(drawings, 1))).headers["Cache-Control"] == "no-store"


def test_form_open_for_too_long_leads_back_to_the_page(chromium, guarded_service, drawings):
    with patient_context(chromium, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(guarded_service.url)
        context.add_cookies([session_token(guarded_service.url, age=LIFETIME + 60)])
        content = picture(strokes_of(drawings, 7))
        chosen = {"name": "7.png", "mimeType": "image/png", "buffer": content}
        page.set_input_files("#image", chosen)
        page.click("form button")
        assert page.locator("h1").text_content() == "That could not be read"
        assert "open for too long" in page.locator("#message").text_content()
        page.click("text=Open the page again")
        page.set_input_files("#image", chosen)
        page.click("form button")
        assert page.locator("h1").text_content() == "That is a 7"


def test_form_over_the_rate_limit_gets_a_page(drawings):
    app = create_app(Settings(numbers_api_url="", ratelimit_predict="1/minute"))
    client, content = app.test_client(), picture(strokes_of(drawings, 1))
    assert send(client, content).status_code == 200
    refused = send(client, content)
    assert refused.status_code == 429
    assert refused.mimetype == "text/html"
    assert int(refused.headers["Retry-After"]) <= 60
    assert "More than 1 drawings" in words(refused)
    assert 'name="image"' in refused.get_data(as_text=True)
