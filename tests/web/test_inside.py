"""What the API tells of the inside of a network, against numbers computed here another way."""

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from nn.ink.preprocess import OPTIONAL, image_to_input, open_picture, steps, to_crop
from nn.ink.strokes import draw
from nn.layers import Dense, MaxPool
from nn.measure.explain import blocks, contributions, noisy
from nn.network import Network
from nn.zoo import ZOO
from tests.support.networks import network_of, outputs_by_layer
from tests.support.pictures import strokes_of

EVERYTHING = "seen,steps,division,activations,saliency"


def as_png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def seven(drawings):
    """A seven in the upper left corner of a transparent sheet, as blue ink."""
    cover = Image.fromarray(
        255 - np.asarray(draw(strokes_of(drawings, 7), 280, 18, (100, 110), 140))
    )
    # where a canvas is transparent, it is black
    bands = [cover.point(lambda a, level=level: level * (a > 0)) for level in (0x17, 0x26, 0x4F)]
    return as_png(Image.merge("RGBA", (*bands, cover)))


@pytest.fixture(scope="module")
def number(drawings):
    """A four and a two as picture and strokes; the two begins where the four ends."""
    strokes = [
        [(left + 130 * x, 80 + 130 * y) for x, y in stroke]
        for digit, left in ((4, 60), (2, 135))
        for stroke in strokes_of(drawings, digit)
    ]
    picture = Image.new("L", (320, 280), 255)
    pen = ImageDraw.Draw(picture)
    for stroke in strokes:
        pen.line(stroke, fill=0, width=14, joint="curve")
    return {"image": base64.b64encode(as_png(picture)).decode(), "strokes": strokes}


def ask_number(client, number, **query):
    answer = client.post("/api/predict", query_string=query, json=number)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def ask(client, picture, **query):
    answer = client.post("/api/predict", query_string=query, data=picture, content_type="image/png")
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def refusal(client, picture, **query):
    answer = client.post("/api/predict", query_string=query, data=picture, content_type="image/png")
    assert answer.status_code == 422
    return answer.get_json()["detail"]


def decoded(block):
    """The maps of a block as (height, width, channels)."""
    h, w, c = block["shape"]
    levels = np.frombuffer(base64.b64decode(block["maps"]), np.uint8).reshape(c, h, w)
    return block["low"] + levels.transpose(1, 2, 0) / 255 * (block["high"] - block["low"])


@pytest.mark.parametrize("name", ZOO)
def test_activations_match_layer_outputs(client, seven, name):
    answer = ask(client, seven, model=name, include="seen,activations")
    network = network_of(name)
    outputs = outputs_by_layer(network, answer["seen"])
    records = answer["activations"]["blocks"]
    for block in records:
        y = outputs[block["layer"]]
        assert list(y.shape) == block["shape"]
        assert block["mean"] == pytest.approx(y.mean(), abs=2e-3)
        assert block["max"] == pytest.approx(y.max(), rel=5e-3, abs=2e-3)
        if y.ndim == 1:
            assert np.allclose(block["values"], y, rtol=5e-3, atol=5e-3)
        else:
            step = (block["high"] - block["low"]) / 255
            assert np.abs(decoded(block) - y).max() < step + 5e-3
            assert np.allclose(block["means"], y.mean(axis=(0, 1)), atol=2e-3)
    weighty = [
        layer for layer, params in zip(network.layers, network.params, strict=True) if params
    ]
    pools = [layer for layer in network.layers if isinstance(layer, MaxPool)]
    assert len(records) == len(weighty) + len(pools), "no layer is left out"


def test_most_active_units_are_shown(client, seven):
    blocks_ = ask(client, seven, model="wide", include="activations")["activations"]["blocks"]
    values = np.array(blocks_[0]["values"])
    assert len(blocks_[0]["shown"]) == 16
    hidden = np.delete(values, blocks_[0]["shown"])
    assert values[blocks_[0]["shown"]].min() >= hidden.max()
    assert blocks_[-1]["shown"] == list(range(10))


@pytest.mark.parametrize("name", ["softmax", "narrow", "lenet", "best"])
def test_contributions_and_bias_sum_to_the_preactivation(own_digits, name):
    seen = image_to_input(draw(own_digits[3]["strokes"], 280, 18, (140, 140), 170))
    before = None
    for block in blocks(network_of(name), seen):
        parts = contributions(block, before)
        if parts is not None:
            y, _ = block.layer.forward(block.params, block.x[None])
            sums = y[0] if isinstance(block.layer, Dense) else y[0].mean(axis=(0, 1))
            assert np.allclose(parts.sum(axis=0) + block.params["b"], sums, atol=1e-4)
        before = block


@pytest.mark.parametrize("name", ["softmax", "sigmoid", "narrow", "lenet", "best"])
def test_saliency_matches_finite_differences(client, seven, name):
    answer = ask(client, seven, model=name, include="seen,saliency")
    network = network_of(name)
    exact = Network(
        network.layers,
        [{key: a.astype(np.float64) for key, a in params.items()} for params in network.params],
        network.loss,
    )
    # what is answered is rounded, and the kink of a ReLU may lie between
    seen = to_crop(seven).as_input().astype(np.float64).ravel()
    assert np.abs(seen - answer["seen"]).max() < 1e-3
    winner, second = answer["saliency"]["winner"], answer["saliency"]["runner_up"]
    inked = np.flatnonzero(seen > 0.2)
    sample = np.random.default_rng(1).choice(inked, 12, replace=False)
    step = 1e-5

    def slope(pixel, direction):
        nudged = np.stack([seen, seen])
        nudged[0, pixel] += step
        nudged[1, pixel] -= step
        outputs, _ = exact.forward(nudged.reshape(2, 28, 28, 1))
        return (outputs[0] - outputs[1]) @ direction / (2 * step)

    def one(digit):
        return np.eye(outputs_of(exact, seen).size)[digit]

    for shown in (winner, second):
        most = np.abs(shown["values"]).max()
        for pixel in sample:
            expected = slope(pixel, one(shown["digit"])) * seen[pixel]
            assert shown["values"][pixel] == pytest.approx(expected, abs=0.03 * most)
    most = np.abs(second["change"]).max()
    for pixel in sample:
        expected = slope(pixel, one(second["digit"]) - one(winner["digit"]))
        assert second["change"][pixel] == pytest.approx(expected, abs=0.03 * most)
    outside = np.flatnonzero(seen == 0)
    assert np.abs(winner["values"])[outside].max() < 1e-3, "paper speaks neither for nor against"


def outputs_of(network, seen):
    return network.forward(seen.reshape(1, 28, 28, 1))[0][0]


def test_saliency_is_of_the_two_likeliest_digits(client, seven):
    answer = ask(client, seven, include="saliency")
    ranked = np.argsort(answer["probabilities"])[::-1]
    assert answer["saliency"]["winner"]["digit"] == answer["digit"] == ranked[0]
    assert answer["saliency"]["runner_up"]["digit"] == ranked[1]


@pytest.mark.parametrize(
    ("name", "place"),
    [("softmax", "2.7"), ("narrow", "2.40"), ("narrow", "4.5"), ("lenet", "4.3"),
     ("lenet", "4.3.2.9"), ("lenet", "8.100"), ("best", "13.7"), ("best", "16.7")],
)  # fmt: skip
def test_neuron_terms_sum_to_its_output(client, seven, name, place):
    answer = ask(client, seven, model=name, include="seen,neuron", neuron=place)
    neuron = answer["neuron"]
    layer, unit, *at = map(int, place.split("."))
    assert (neuron["layer"], neuron["unit"]) == (layer, unit)
    products = [part["product"] for part in neuron["strongest"]]
    for part in neuron["strongest"]:
        assert part["product"] == pytest.approx(part["value"] * part["weight"], rel=1e-4)
    assert sum(products) + neuron["rest"] == pytest.approx(neuron["sum"], abs=1e-4)
    before = neuron["sum"] + neuron["bias"]
    bent = {"ReLU": max(before, 0), "Sigmoid": 1 / (1 + np.exp(-before)), None: before}
    assert neuron["output"] == pytest.approx(bent[neuron["activation"]], abs=1e-4)
    y = outputs_by_layer(network_of(name), answer["seen"])[layer]
    if at:
        assert neuron["place"] == at
    expected = y[unit] if y.ndim == 1 else y[(*neuron["place"], unit)]
    assert neuron["output"] == pytest.approx(expected, abs=5e-3)
    assert (
        len(neuron["weights"]["values"]) == np.prod(neuron["weights"]["shape"]) == neuron["inputs"]
    )


def test_neuron_inputs_of_the_first_layer_are_pixels(client, seven):
    answer = ask(client, seven, model="softmax", include="seen,neuron", neuron="2.7")
    mean, deviation = 0.1307, 0.3081
    for part in answer["neuron"]["strongest"]:
        row, column = part["input"]
        pixel = answer["seen"][28 * row + column]
        assert part["value"] == pytest.approx((pixel - mean) / deviation, abs=1e-3)


def test_include_models_matches_single_predictions(client, seven):
    rows = ask(client, seven, include="models")["models"]
    assert [row["model"] for row in rows] == [
        model["name"] for model in client.get("/api/models").get_json()["models"]
    ]
    for row in rows:
        own = ask(client, seven, model=row["model"])
        for key in ("digit", "confidence", "doubtful", "probabilities", "rejected", "alternatives"):
            assert row[key] == own[key]
        assert row["milliseconds"] > 0


def test_ablated_units_are_zero_and_change_the_prediction_accordingly(client, seven):
    off = {3: [0, 5, 21], 8: [7]}
    text = ";".join(f"{layer}:{'.'.join(map(str, units))}" for layer, units in off.items())
    answer = ask(client, seven, include="seen,activations,saliency", ablate=text)
    plain = ask(client, seven, include="activations")
    assert answer["probabilities"] != plain["probabilities"]
    records = {block["layer"]: block for block in answer["activations"]["blocks"]}
    for layer, units in off.items():
        assert not decoded(records[layer])[:, :, units].any()
    network = network_of("best")
    for layer, units in off.items():  # a ReLU of nothing is nothing
        network.params[layer - 1]["W"][..., units] = 0
        network.params[layer - 1]["b"][units] = 0
    scores = network.probabilities(np.array(answer["seen"], np.float32).reshape(1, 28, 28, 1))
    digits = scores[0, :10] / scores[0, :10].sum()
    assert np.allclose(answer["probabilities"], digits, atol=1e-3)
    again = ask(client, seven)
    assert again["probabilities"] == plain["probabilities"], "nothing stays ablated"


def test_noise_is_deterministic_and_of_the_requested_strength(client, seven):
    plain, one, two = (
        ask(client, seven, include="seen", noise=amount)["seen"] for amount in ("0", "0.2", "0.2")
    )
    assert one == two
    blank = np.array(plain) == 0
    assert np.array(one)[blank].std() == pytest.approx(
        noisy(np.zeros((28, 28)), 0.2).std(), rel=0.1
    )
    assert min(one) >= 0
    assert max(one) <= 1


def test_preprocessing_steps_are_in_order_with_sizes(client, seven):
    answer = ask(client, seven, include="seen,steps")
    taken = answer["steps"]
    assert [step["name"] for step in taken] == [
        "drawing", "flatten", "gray", "polarity", "crop", "box", "centre",
    ]  # fmt: skip
    pictures = [Image.open(io.BytesIO(base64.b64decode(step["picture"]))) for step in taken]
    assert pictures[0].mode == "RGBA"
    assert (taken[0]["width"], taken[0]["height"]) == (280, 280)
    assert taken[4]["height"] == pytest.approx(158, abs=4), "the ink and its pen"
    assert max(taken[5]["width"], taken[5]["height"]) in (20, 21)
    last = np.asarray(pictures[-1], np.float32).ravel() / 255
    assert np.abs(last - np.array(answer["seen"])).max() < 0.005
    assert image_to_input(open_picture(seven)).ravel() == pytest.approx(answer["seen"], abs=1e-4)


@pytest.mark.parametrize("name", OPTIONAL)
def test_skipping_a_step_changes_the_input(client, seven, name):
    plain = ask(client, seven, include="seen")["seen"]
    answer = ask(client, seven, include="seen,steps", skip=name)
    if name == "flatten":  # dark blue on a transparent sheet turned black: still there, but fainter
        assert answer["steps"][1]["taken"] is False
        picture = Image.open(io.BytesIO(base64.b64decode(answer["steps"][1]["picture"])))
        assert picture.getpixel((0, 0)) == (0, 0, 0)
        return
    assert np.abs(np.array(answer["seen"]) - plain).max() > 0.2
    assert [step["name"] for step in answer["steps"] if not step["taken"]] == [name]


def test_skipping_polarity_makes_the_background_ink(client, seven):
    seen = np.array(ask(client, seven, include="seen", skip="polarity")["seen"])
    assert seen.mean() > 0.4


def test_skipping_crop_and_box_resizes_the_whole_canvas(client, seven):
    seen = np.array(ask(client, seven, include="seen", skip="crop,box,centre")["seen"])
    field = seen.reshape(28, 28)
    ink = next(p for name, p in steps(open_picture(seven), ("crop", "box")) if name == "crop")
    squeezed = Image.fromarray(ink).resize((28, 28), Image.Resampling.LANCZOS)
    expected = np.clip(np.asarray(squeezed), 0, 1)
    assert np.abs(field - expected / expected.max()).max() < 1e-3
    assert field[20:].max() < 0.01, "the seven stays in the upper left corner"


def test_skipping_flatten_loses_black_ink_on_transparency(client, drawings):
    cover = Image.fromarray(
        255 - np.asarray(draw(strokes_of(drawings, 3), 280, 18, (140, 140), 160))
    )
    sheet = as_png(Image.merge("LA", (Image.new("L", cover.size, 0), cover)))
    assert ask(client, sheet)["digit"] == 3
    answer = ask(client, sheet, skip="flatten", include=f"{EVERYTHING},models")
    assert answer["rejected"] == "blank"
    assert answer["activations"] is answer["saliency"] is answer["seen"] is None
    assert {row["rejected"] for row in answer["models"]} == {"blank"}
    assert [step["name"] for step in answer["steps"]] == ["drawing", "flatten", "gray"]


@pytest.mark.parametrize("source", ["strokes", "picture"])
def test_division_tells_how_the_number_was_cut(client, number, source):
    sent = number if source == "strokes" else {"image": number["image"]}
    answer = ask_number(client, sent, include="division")
    division = answer["division"]
    assert division["source"] == source
    candidates, paths = division["candidates"], division["paths"]
    best = [candidates[index] for index in paths[0]["candidates"]]
    assert paths[0]["number"] == answer["number"] == "42"
    assert "".join(str(candidate["digit"]) for candidate in best) == "42"
    edges = [0, *(candidate["end"] for candidate in best)]
    assert [candidate["start"] for candidate in best] == edges[:-1]
    assert edges[-1] == division["pieces"]
    assert [candidate["box"] for candidate in best] == [digit["box"] for digit in answer["digits"]]
    shares = [path["probability"] for path in paths]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) <= 1 + 1e-3
    own = sum(path["probability"] for path in paths if path["number"] == "42")
    assert answer["confidence"] == pytest.approx(own, abs=5e-3)  # unlikely paths are left out
    for candidate in candidates:
        assert candidate["start"] < candidate["end"] <= division["pieces"]


def test_one_obvious_digit_has_no_division(client, seven, number):
    assert ask(client, seven, include="division")["division"] is None
    for query in ({"digits": "1"}, {"noise": "0.1"}, {"skip": "crop"}):
        answer = ask_number(client, number, include="division", **query)
        assert answer["division"] is None, query
        assert len(answer["digits"]) <= 1, query


def test_place_chooses_the_digit_looked_into(client, number):
    asked = {"model": "narrow", "include": "seen,saliency,neuron,models", "neuron": "4.5"}
    answers = [ask_number(client, number, place=place, **asked) for place in (0, 1, 11)]
    first, second, beyond = answers
    for answer, place in zip(answers, (0, 1, 1), strict=True):
        assert answer["number"] == "42"
        assert answer["seen"] == answer["digits"][place]["seen"]
        assert answer["saliency"]["winner"]["digit"] == answer["digits"][place]["digit"]
        assert [row["digit"] for row in answer["models"] if row["model"] == "narrow"] == [
            answer["digits"][place]["digit"]
        ]
    assert first["neuron"] != second["neuron"] == beyond["neuron"]


def test_pixels_have_no_preprocessing_steps(client, seven):
    seen = ask(client, seven, include="seen")["seen"]
    answer = client.post(f"/api/predict?include={EVERYTHING}", json={"pixels": seen}).get_json()
    assert answer["steps"] == []
    assert answer["seen"] == seen
    assert answer["activations"]["blocks"]


@pytest.mark.parametrize("name", ZOO)
def test_full_response_is_below_200_kb(client, name):
    rng = np.random.default_rng(3)
    noise = as_png(Image.fromarray(rng.integers(0, 255, (280, 280, 4), np.uint8)))
    answer = client.post(
        f"/api/predict?model={name}&include={EVERYTHING},models",
        data=noise,
        content_type="image/png",
    )
    assert answer.status_code == 200
    assert len(answer.data) < 200_000


def test_weight_histogram_is_of_the_predicted_class(client, seven):
    answer = ask(client, seven, model="narrow", include="activations")
    histogram = answer["activations"]["weights"]
    weights = network_of("narrow").params[-1]["W"][:, answer["digit"]]
    assert histogram["unit"] == answer["digit"]
    assert sum(histogram["counts"]) == len(weights) == 64
    assert histogram["edges"][0] == pytest.approx(-histogram["edges"][-1])
    inside = (weights >= histogram["edges"][5]) & (weights < histogram["edges"][6])
    assert histogram["counts"][5] == pytest.approx(inside.sum(), abs=1)


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"include": "everything"}, "'everything' cannot be included"),
        ({"include": "seen,weights"}, "'weights'"),
        ({"skip": "gray"}, "'gray' cannot be skipped"),
        ({"skip": "crop,all"}, "'all'"),
        ({"ablate": "nonsense"}, "such as 3:1.2;6:0"),
        ({"ablate": "3:"}, "such as"),
        ({"ablate": "3:٣"}, "such as"),
        ({"ablate": "3:1;" * 2000}, "such as"),
        ({"ablate": "2:1"}, "layer 2"),
        ({"ablate": "999:1"}, "layer 999"),
        ({"ablate": "16:7"}, "layer 16"),
        ({"ablate": "3:24"}, "from 0 to 23"),
        ({"noise": "2"}, "from 0 to 1"),
        ({"noise": "-1"}, "from 0 to 1"),
        ({"noise": "nan"}, "from 0 to 1"),
        ({"noise": "1.5"}, "from 0 to 1"),
        ({"place": "12"}, "from 0 to 11"),
        ({"place": "-1"}, "from 0 to 11"),
        ({"place": "first"}, "from 0 to 11"),
        ({"include": "neuron"}, "layer.unit"),
        ({"include": "neuron", "neuron": "3"}, "layer.unit"),
        ({"include": "neuron", "neuron": "2.1"}, "layer 2"),
        ({"include": "neuron", "neuron": "3.24"}, "from 0 to 23"),
        ({"include": "neuron", "neuron": "3.1.28.0"}, "28x28"),
        ({"include": "neuron", "neuron": "4.1"}, "pooling"),
        ({"include": "neuron", "neuron": "16.1.0.0"}, "no row and column"),
    ],
)
def test_invalid_query_returns_422_with_a_sentence(client, seven, query, word):
    assert word in refusal(client, seven, **query)
