"""Training: optimizers and schedules as their papers say, learning, resuming bit for bit."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from nn.augment import Affine, Elastic, knot_weights, warp
from nn.dataset import DataSet, as_input
from nn.layers import BatchNorm, Dense, Dropout, Flatten, ReLU, Sigmoid
from nn.losses import CrossEntropy, SquaredError
from nn.measure.calibration import calibrated, expected_calibration_error, temperature
from nn.measure.metrics import evaluate
from nn.measure.rejection import (
    Verdict,
    auroc,
    conditional_probabilities,
    confidence_of,
    rejection_score,
    verdicts,
    with_thresholds,
)
from nn.measure.report import digits_as_text
from nn.network import new_network
from nn.optimizers import SGD, Adam, Constant, Cosine, OneCycle, Step
from nn.serialization import WeightsError
from nn.training import (
    DivergedError,
    TrainingState,
    average_gradients,
    epoch_order,
    train,
    train_epoch,
    update_average,
)
from nn.zoo import Recipe

RECIPE = Recipe(
    name="small",
    title="for tests",
    layers=(Flatten(), Dense(16), BatchNorm(), ReLU(), Dropout(0.1), Dense(10)),
    loss=CrossEntropy(),
    optimizer=Adam(weight_decay=0.01),
    schedule=OneCycle(0.02),
    batch_size=20,
    epochs=4,
    augmentation=(Affine(shift=1),),
    ema_decay=0.9,
    shards=2,
)


def bars(count, seed):
    """Ten classes a child tells apart: a bright bar at one of ten heights, and noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count)
    images = rng.integers(0, 60, (count, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4 + 2 * label : 6 + 2 * label, 4:24] = 255
    return DataSet(images, labels)


TRAINING, VALIDATION = bars(400, 1), bars(100, 2)


def arrays(network):
    return [a for layer in network.params for a in layer.values()]


def test_training_lowers_the_loss_and_records_history():
    network = train(RECIPE, [TRAINING], VALIDATION)
    history = network.about["history"]
    assert [row["epoch"] for row in history] == [1, 2, 3, 4]
    assert history[-1]["loss"] < history[0]["loss"] / 2
    assert history[-1]["validation_accuracy"] > 0.9
    assert Recipe.from_json(network.about["recipe"]) == RECIPE
    assert evaluate(network, VALIDATION)["accuracy"] == history[-1]["validation_accuracy"]


def test_training_is_deterministic_by_seed():
    first, same = (train(RECIPE, [TRAINING], VALIDATION) for _ in range(2))
    other = train(replace(RECIPE, seed=2), [TRAINING], VALIDATION)
    for a, b in zip(arrays(first), arrays(same), strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(arrays(first), arrays(other), strict=True))


class StopError(Exception):
    pass


def test_resumed_training_is_bit_exact(tmp_path):
    whole = train(RECIPE, [TRAINING], VALIDATION)
    checkpoint = tmp_path / "small.checkpoint.npz"

    def stop_in_the_third_epoch(row):
        if (row["epoch"], row["step"]) == (3, 2):
            raise StopError

    with pytest.raises(StopError):
        train(RECIPE, [TRAINING], VALIDATION, checkpoint, after_step=stop_in_the_third_epoch)
    resumed = train(RECIPE, [TRAINING], VALIDATION, checkpoint, resume=True)
    for a, b in zip(arrays(whole), arrays(resumed), strict=True):
        np.testing.assert_array_equal(a, b)
    timeless = [[{**row, "seconds": 0} for row in n.about["history"]] for n in (whole, resumed)]
    assert timeless[0] == timeless[1]


def test_checkpoint_of_another_recipe_raises_weights_error(tmp_path):
    checkpoint = tmp_path / "small.checkpoint.npz"
    train(RECIPE, [TRAINING], VALIDATION, checkpoint)
    other = replace(RECIPE, batch_size=10)
    with pytest.raises(WeightsError, match="checkpoint of another recipe"):
        train(other, [TRAINING], VALIDATION, checkpoint, resume=True)


@pytest.mark.filterwarnings("ignore:(overflow|invalid):RuntimeWarning")
def test_divergence_raises_an_error():
    wild = replace(RECIPE, optimizer=SGD(), schedule=Constant(1e39), layers=(Flatten(), Dense(10)))
    with pytest.raises(DivergedError, match="lower its learning rate"):
        train(wild, [TRAINING], VALIDATION)


def test_sharded_batch_gives_the_gradient_of_the_whole():
    plain = replace(
        RECIPE,
        layers=(Flatten(), Dense(10)),
        optimizer=SGD(),
        schedule=Constant(0.01),
        augmentation=(),
        epochs=1,
    )
    one, four = (train(replace(plain, shards=n), [TRAINING], VALIDATION) for n in (1, 4))
    for a, b in zip(arrays(one), arrays(four), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)


def test_every_epoch_visits_every_row_once_in_a_new_order():
    seen = []

    @dataclass(frozen=True)
    class Note:
        def __call__(self, rng, images):
            seen.extend(image[0, 0] for image in images)
            return images

    numbered = DataSet(np.zeros((200, 28, 28), np.uint8), np.zeros(200, int))
    numbered.images[:, 0, 0] = np.arange(200)
    plain = replace(RECIPE, augmentation=(Note(),), epochs=2, shards=1)
    network = new_network(plain.layers, plain.loss, 1)
    state = TrainingState(network, plain.optimizer.init(network.params), network.params)
    for epoch in (1, 2):
        train_epoch(state, plain, numbered, [200], epoch)
    rows = np.rint(np.array(seen) * 255).astype(int)
    for epoch in (rows[:200], rows[200:]):
        np.testing.assert_array_equal(np.sort(epoch), np.arange(200))
        assert (epoch != np.arange(200)).any()
    assert (rows[:200] != rows[200:]).any()


def test_weight_average_follows_its_formula_with_warmup():
    average, params = [{"W": np.array([1.0])}], [{"W": np.array([2.0])}]
    update_average(average, params, 0.9, step=10_000)
    assert average[0]["W"][0] == pytest.approx(0.9 * 1 + 0.1 * 2)
    update_average(average, params, 0.9, step=8)
    assert average[0]["W"][0] == pytest.approx(0.5 * 1.1 + 0.5 * 2)


def test_gradients_of_uneven_shards_are_weighted_by_size():
    grads = [[{"W": np.array([1.0])}], [{"W": np.array([4.0])}]]
    assert average_gradients(grads, [30, 10])[0]["W"][0] == pytest.approx(0.75 * 1 + 0.25 * 4)


def test_fewer_images_than_shards_can_be_trained_on():
    few = DataSet(TRAINING.images[:3], TRAINING.labels[:3])
    plain = replace(RECIPE, layers=(Flatten(), Dense(10)), shards=4, epochs=1)
    network = train(plain, [few], VALIDATION)
    assert len(network.about["history"]) == 1


def test_sgd_with_momentum_follows_its_formula():
    params, state = [{"W": np.array([1.0])}], SGD(momentum=0.5).init([{"W": np.array([1.0])}])
    for step, gradient in enumerate((2.0, 4.0), 1):
        SGD(momentum=0.5).update(params, [{"W": np.array([gradient])}], state, 0.1, step)
    assert params[0]["W"][0] == pytest.approx(1 - 0.1 * 2 - 0.1 * (0.5 * 2 + 4))


def test_adam_follows_its_paper_with_decoupled_weight_decay():
    optimizer = Adam(weight_decay=0.1)
    params = [{"W": np.array([1.0]), "b": np.array([1.0])}]
    state = optimizer.init(params)
    grads = [{"W": np.array([3.0]), "b": np.array([3.0])}]
    optimizer.update(params, grads, state, 0.01, 1)
    # the first step is the rate long whatever the gradient's size
    assert params[0]["b"][0] == pytest.approx(1 - 0.01)
    assert params[0]["W"][0] == pytest.approx(1 * (1 - 0.01 * 0.1) - 0.01)
    mean, square = 0.9 * 0.3 + 0.1 * -1, 0.999 * 0.009 + 0.001 * 1
    optimizer.update(params, [{k: np.array([-1.0]) for k in "Wb"}], state, 0.01, 2)
    step = 0.01 * (mean / (1 - 0.9**2)) / (np.sqrt(square / (1 - 0.999**2)) + 1e-8)
    assert params[0]["b"][0] == pytest.approx(1 - 0.01 - step)


def test_schedules_follow_their_definitions():
    assert Constant(0.3)(0) == Constant(0.3)(1) == 0.3
    step = Step(1.0, milestones=(0.5, 0.75), factor=0.1)
    assert [step(p) for p in (0, 0.49, 0.5, 0.75)] == pytest.approx([1, 1, 0.1, 0.01])
    cosine = Cosine(0.2)
    assert [cosine(p) for p in (0, 0.5, 1)] == pytest.approx([0.2, 0.1, 0])
    cycle = OneCycle(1.0, warmup=0.25)
    assert [cycle(p) for p in (0, 0.25, 1)] == pytest.approx([0.04, 1, 1e-4])
    rates = [cycle(p) for p in np.linspace(0, 1, 101)]
    assert rates[:26] == sorted(rates[:26])
    assert rates[25:] == sorted(rates[25:], reverse=True)


def test_affine_with_zero_ranges_is_identity():
    rng = np.random.default_rng(1)
    images = rng.random((5, 28, 28), np.float32)
    np.testing.assert_allclose(STILL(rng, images), images, atol=1e-5)
    moved = Affine()(rng, images)
    assert moved.shape == images.shape
    assert moved.dtype == np.float32


STILL = Affine(rotation=0, slant=0, scale=0, stretch=0, shift=0)


def upright_bar():
    """400 times a bar 3 wide and 15 high in the middle of a 29x29 field, where it can be turned."""
    images = np.zeros((400, 29, 29), np.float32)
    images[:, 7:22, 13:16] = 1
    return images


def shapes_after(**ranges):
    """Where each image's bar is then, how high, how wide, and how it leans."""
    images = replace(STILL, **ranges)(np.random.default_rng(3), upright_bar())
    mass = images / images.sum(axis=(1, 2), keepdims=True)
    places = np.arange(29) - 14
    row, column = mass.sum(axis=2) @ places, mass.sum(axis=1) @ places
    height = np.sqrt(mass.sum(axis=2) @ places**2 - row**2) / np.sqrt((15**2 - 1) / 12)
    width = np.sqrt(mass.sum(axis=1) @ places**2 - column**2) / np.sqrt((3**2 - 1) / 12)
    mixed = np.einsum("nij,i,j->n", mass, places, places) - row * column
    lean = mixed / (height**2 * (15**2 - 1) / 12)  # columns to the right for each row downwards
    return row, column, height, width, lean


def test_affine_shift_stays_within_its_range():
    row, column, height, _, lean = shapes_after(shift=2)
    for place in (row, column):
        assert -2.05 < place.min() < -1.8
        assert 1.8 < place.max() < 2.05
    assert abs(np.corrcoef(row, column)[0, 1]) < 0.2
    np.testing.assert_allclose(height, 1, atol=0.05)
    np.testing.assert_allclose(lean, 0, atol=0.02)


def test_affine_scale_stays_within_its_range():
    row, column, height, _, lean = shapes_after(scale=0.2)
    assert 0.79 < height.min() < 0.83
    assert 1.17 < height.max() < 1.22
    np.testing.assert_allclose([row, column, lean], 0, atol=0.05)


def test_affine_stretch_trades_height_for_width():
    _, _, height, width, _ = shapes_after(stretch=0.2)
    assert 0.79 < height.min() < 0.86
    assert 1.15 < height.max() < 1.27
    assert np.corrcoef(height, width)[0, 1] < -0.9


def test_affine_rotation_stays_within_its_range():
    row, column, _, _, lean = shapes_after(rotation=20)
    angles = np.degrees(np.arctan(lean))
    assert -21.5 < angles.min() < -17
    assert 17 < angles.max() < 21.5
    np.testing.assert_allclose([row, column], 0, atol=0.05)


def test_affine_slant_stays_within_its_range_and_keeps_height():
    _, _, height, _, lean = shapes_after(slant=0.3)
    assert -0.32 < lean.min() < -0.26
    assert 0.26 < lean.max() < 0.32
    np.testing.assert_allclose(height, 1, atol=0.05)


def test_warp_by_a_right_angle_equals_rot90():
    images = np.random.default_rng(2).random((2, 28, 28), np.float32)
    quarter = np.broadcast_to(np.array([[0, 1], [-1, 0]], np.float32), (2, 2, 2))
    turned = warp(images, quarter, np.zeros((2, 2), np.float32))
    np.testing.assert_allclose(turned, np.rot90(images, axes=(1, 2)), atol=1e-4)


def softmax_network(scale):
    """Random logits of random images, and labels drawn from just these probabilities."""
    rng = np.random.default_rng(4)
    network = new_network((Flatten(), Dense(10, gain=3.0)), CrossEntropy(), seed=4)
    images = rng.integers(0, 256, (4000, 28, 28)).astype(np.uint8)
    shares = network.probabilities(as_input(images)).cumsum(axis=1)
    labels = (rng.random((4000, 1)) > shares).sum(axis=1).clip(0, 9)
    network.params[1]["W"] *= np.float32(scale)
    return network, DataSet(images, labels)


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0])
def test_temperature_scaling_recovers_the_scale_of_logits(scale):
    network, validation = softmax_network(scale)
    cooled = calibrated(network, validation)
    assert cooled.about["temperature"] == pytest.approx(scale, rel=0.1)
    x = as_input(validation.images)
    np.testing.assert_array_equal(
        cooled.outputs(x).argmax(axis=1), network.outputs(x).argmax(axis=1)
    )
    before, after = (
        evaluate(n, validation)["expected_calibration_error"] for n in (network, cooled)
    )
    assert after < 0.03
    assert after < before / 3 or scale == 1


def test_temperature_has_a_lower_bound():
    outputs = np.eye(10, dtype=np.float32)
    assert temperature(outputs, np.arange(10)) == pytest.approx(0.25, rel=0.01)


def test_squared_error_networks_are_not_calibrated():
    network = new_network((Flatten(), Dense(10), Sigmoid()), SquaredError(), seed=1)
    assert calibrated(network, VALIDATION) is network


def test_expected_calibration_error_is_the_gap_between_confidence_and_accuracy():
    confidence = np.array([0.9] * 10 + [0.5] * 10)
    right = np.array([True] * 9 + [False] + [True] * 2 + [False] * 8)
    assert expected_calibration_error(confidence, right) == pytest.approx(0.5 * 0 + 0.5 * 0.3)


def test_evaluation_figures_are_consistent():
    network = train(replace(RECIPE, epochs=1), [TRAINING], VALIDATION)
    result = evaluate(network, VALIDATION)
    confusion = np.array(result["confusion"])
    assert confusion.sum() == result["count"] == 100
    assert np.trace(confusion) / 100 == pytest.approx(result["accuracy"])
    assert result["mistake_count"] == 100 - np.trace(confusion)
    counts = np.bincount(VALIDATION.labels, minlength=10)
    np.testing.assert_array_equal(confusion.sum(axis=1), counts)
    np.testing.assert_allclose(result["recall"], np.diag(confusion) / counts)
    for mistake in result["mistakes"]:
        assert VALIDATION.labels[mistake["index"]] == mistake["label"] != mistake["predicted"]
    confidences = [mistake["confidence"] for mistake in result["mistakes"]]
    assert confidences == sorted(confidences, reverse=True)
    assert f"{result['accuracy']:.2%}" in digits_as_text(result)


# --------------------------------------------------------------------------- several sets, shares


def test_each_epoch_samples_a_fraction_of_each_set():
    first, second = (
        epoch_order(np.random.default_rng(seed), [100, 40, 60], [1.0, 0.5, 0.25]) for seed in (1, 2)
    )
    for order in (first, second):
        assert len(set(order)) == len(order) == 100 + 20 + 15
        counts = [
            ((low <= order) & (order < high)).sum()
            for low, high in ((0, 100), (100, 140), (140, 200))
        ]
        assert counts == [100, 20, 15]
        assert order[:100].max() >= 100  # the sets are mixed
    assert set(first) != set(second)


def test_several_sets_are_trained_on_together():
    halves = [
        DataSet(TRAINING.images[part], TRAINING.labels[part])
        for part in (slice(200), slice(200, None))
    ]
    network = train(RECIPE, halves, VALIDATION)
    assert network.about["history"][-1]["validation_accuracy"] > 0.9


# ------------------------------------------------------------------------------------- bending


def test_elastic_push_is_in_pixels():
    image = np.zeros((400, 28, 28), np.float32)
    image[:, 14, 14] = 1
    rng = np.random.default_rng(3)
    np.testing.assert_allclose(Elastic(displacement=0)(rng, image), image, atol=1e-5)
    bent = Elastic(displacement=1.0)(rng, image)
    rows = (bent.sum(axis=2) * np.arange(28)).sum(axis=1) / bent.sum(axis=(1, 2))
    assert 0.5 < rows.std() < 1.3
    assert abs(rows.mean() - 14) < 0.2


def test_between_knots_interpolates_linearly():
    shares = knot_weights(28, 5)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    assert ((shares > 1e-6).sum(axis=1) <= 2).all()
    np.testing.assert_allclose(shares[[0, 27]], np.eye(5)[[0, 4]], atol=1e-6)


# ----------------------------------------------------------------------------------- rejection


SCORES = np.array(
    [
        [0.9, *[0.0] * 9, 0.1],  # a zero
        [0.4, 0.4, *[0.0] * 8, 0.2],  # a zero or a one
        [0.04, 0.06, *[0.0] * 8, 0.9],  # neither
    ]
)


def test_rejection_score_grows_with_the_probability_of_no_digit():
    np.testing.assert_allclose(rejection_score(SCORES), [0.1, 0.2 + 0.4 / 50, 0.9 + 0.04 / 50])
    np.testing.assert_allclose(conditional_probabilities(SCORES)[1:, :2], [[0.5, 0.5], [0.4, 0.6]])
    np.testing.assert_allclose(conditional_probabilities(SCORES).sum(axis=1), 1)


def test_confidence_counts_no_digit_in():
    np.testing.assert_allclose(confidence_of(SCORES), [0.9, 0.4, 0.06])


def test_ten_class_networks_read_everything():
    ten = np.full((3, 10), 0.1)
    assert (rejection_score(ten) == 0).all()
    network = new_network((Flatten(), Dense(10)), CrossEntropy(), 1)
    assert "thresholds" not in with_thresholds(network, [as_input(VALIDATION.images)]).about
    assert (verdicts(network, ten) == Verdict.READ).all()


def test_scores_above_the_lower_threshold_are_doubtful_above_the_upper_refused():
    network = new_network((Flatten(), Dense(11)), CrossEntropy(), 1)
    network.about["thresholds"] = {"doubtful": 0.15, "refused": 0.85}
    assert verdicts(network, SCORES).tolist() == list(Verdict)


def test_thresholds_give_the_requested_rates():
    network = new_network((Flatten(), Dense(11)), CrossEntropy(), 1)
    x = as_input(VALIDATION.images)
    limited = with_thresholds(network, [x], doubted_rate=0.2, refused_rate=0.05)
    verdict = verdicts(limited, limited.probabilities(x))
    assert np.bincount(verdict).tolist() == [80, 15, 5]
    scores = rejection_score(limited.probabilities(x))
    for threshold, below in zip(limited.about["thresholds"].values(), (0, 1), strict=True):
        assert scores[verdict <= below].max() <= threshold < scores[verdict > below].min()


def test_the_source_whose_digits_score_highest_sets_the_thresholds():
    network = new_network((Flatten(), Dense(11)), CrossEntropy(), 1)
    x = as_input(VALIDATION.images)
    scores = rejection_score(network.probabilities(x))
    easy, hard = x[np.argsort(scores)[:50]], x[np.argsort(scores)[50:]]
    for sources in ([easy, hard], [hard, easy], [hard]):
        both = with_thresholds(network, sources, 0.2, 0.05).about["thresholds"]
        assert both == with_thresholds(network, [hard], 0.2, 0.05).about["thresholds"]


def test_auroc_is_the_fraction_of_ordered_pairs():
    rng = np.random.default_rng(1)
    digits, others = rng.integers(0, 9, 60) / 10, rng.integers(3, 12, 50) / 10
    pairs = [(1 + np.sign(b - a)) / 2 for a in digits for b in others]
    assert auroc(digits, others) == pytest.approx(np.mean(pairs))
    assert auroc(np.zeros(3), np.ones(4)) == 1


def test_eleventh_class_is_learnt_and_excluded_from_accuracy():
    blanks = DataSet(np.zeros((100, 28, 28), np.uint8), np.full(100, 10))
    eleven = replace(RECIPE, layers=(Flatten(), Dense(16), ReLU(), Dense(11)))
    network = train(eleven, [TRAINING, blanks], VALIDATION)
    x = as_input(VALIDATION.images)
    network = with_thresholds(calibrated(network, VALIDATION), [x], 0.1, 0.05)
    probabilities = network.probabilities(as_input(blanks.images))
    assert (verdicts(network, probabilities) == Verdict.REFUSED).all()
    result = evaluate(network, VALIDATION)
    assert result["refused_rate"] == result["doubtful_rate"] == pytest.approx(0.05, abs=0.01)
    assert result["accuracy"] > 0.9
    assert np.sum(result["confusion"]) == 100
