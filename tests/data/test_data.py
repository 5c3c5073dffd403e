"""The data sets: parsed from each of their formats, fetched from real mirrors, split cleanly."""

import gzip
import hashlib
import io
import struct
import zipfile

import numpy as np
import pytest

from nn.data import alphabets, mnist, pen, pictures, sets
from nn.data.download import DataError, fetch, find
from nn.dataset import NOT_A_DIGIT, join
from nn.ink.strokes import Drawing, draw, renderings
from tests.support.servers.local_http import local_server

RNG = np.random.default_rng(1)
IMAGES = RNG.integers(0, 256, (6000, 28, 28)).astype(np.uint8)
LABELS = (np.arange(6000) % 10).astype(np.uint8)


def idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A machine without any data: its DIGITS_DATA is empty, and so is its cache."""
    monkeypatch.setenv("DIGITS_DATA", str(tmp_path / "given"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "given" / "mnist").mkdir(parents=True)
    (tmp_path / "given" / "pen").mkdir()
    (tmp_path / "given" / "nondigits").mkdir()
    return tmp_path / "given"


@pytest.mark.parametrize("packed", [True, False])
def test_mnist_is_read_from_idx_files_with_and_without_gzip(home, packed):
    pack, end = (gzip.compress, ".gz") if packed else (bytes, "")
    (home / f"mnist/train-images-idx3-ubyte{end}").write_bytes(pack(idx(IMAGES)))
    (home / f"mnist/train-labels-idx1-ubyte{end}").write_bytes(pack(idx(LABELS)))
    training, validation = sets.load("mnist", "train"), sets.load("mnist", "validation")
    assert len(training.labels) + len(validation.labels) == 6000
    np.testing.assert_array_equal(np.concatenate([training.images, validation.images]), IMAGES)
    np.testing.assert_array_equal(np.concatenate([training.labels, validation.labels]), LABELS)


@pytest.mark.parametrize("header", [True, False])
def test_mnist_is_read_from_csv_with_and_without_a_header(home, header):
    table = np.column_stack([LABELS[:40], IMAGES[:40].reshape(40, -1)])
    text = ",".join(["label", *(f"pixel{i}" for i in range(784))]) + "\n" if header else ""
    text += "\n".join(",".join(map(str, row)) for row in table.tolist()) + "\n"
    (home / "mnist/train.csv").write_text(text)
    both = join([sets.load("mnist", "train"), sets.load("mnist", "validation")])
    np.testing.assert_array_equal(both.images, IMAGES[:40])
    np.testing.assert_array_equal(both.labels, LABELS[:40])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x00",
        b"not an idx file at all",
        idx(IMAGES[:10])[:-5],
        idx(IMAGES[:10]) + b"more",
        gzip.compress(idx(IMAGES[:10]))[:-300],
        b"\x1f\x8b broken",
        idx(LABELS[:10]).replace(b"\x08", b"\x0d", 1),
    ],
    ids=range(8),
)
def test_broken_idx_file_raises_data_error_that_names_it(home, content):
    path = home / "mnist/broken"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken is broken .*delete it and fetch it again"):
        mnist.read_idx(path)


def test_mismatched_images_and_labels_raise_data_error(home):
    (home / "images").write_bytes(idx(IMAGES[:10]))
    for name, labels in {
        "fewer": LABELS[:9],
        "beyond": LABELS[:10] + 5,
        "none": LABELS[:0],
    }.items():
        (home / name).write_bytes(idx(labels))
        with pytest.raises(DataError, match="a label from 0 to 9 for each image"):
            mnist.read_idx_pair(home / "images", home / name)
    with pytest.raises(DataError, match="not 28x28 images"):
        mnist.read_idx_pair(home / "fewer", home / "images")


@pytest.mark.parametrize(
    "text", ["", "label,pixel0\n", "1,2,3\n", "x,y\n1,z\n", "11" + ",0" * 784, "1" + ",256" * 784]
)
@pytest.mark.filterwarnings("ignore:loadtxt:UserWarning")
def test_broken_csv_raises_data_error(home, text):
    (home / "train.csv").write_text(text)
    with pytest.raises(DataError, match=r"train\.csv"):
        mnist.read_csv(home / "train.csv")


def test_unknown_data_set_or_split_raises_data_error():
    with pytest.raises(DataError, match="choose from mnist, traced"):
        sets.load("cats", "train")
    with pytest.raises(DataError, match="choose from train, validation, test"):
        sets.load("mnist", "tast")


# ----------------------------------------------------------------------------------- pen strokes

UNIPEN = """
.INCLUDE dene.doc
.LEXICON "0" "1"
.SEGMENT DIGIT 0 ? "7"
.COMMENT 7 {writer} 100
.PEN_DOWN
 10  90
 50  90
 20  10
.PEN_UP
.DT 100
.PEN_DOWN
 15 50
 40 50
.PEN_UP
.DT 100
"""


def test_pen_strokes_have_y_pointing_down(home):
    (home / "pen/pendigits-orig.tra").write_text(UNIPEN.format(writer=1))
    strokes = [[(10.0, -90.0), (50.0, -90.0), (20.0, -10.0)], [(15.0, -50.0), (40.0, -50.0)]]
    assert pen.pen_drawings("train") == [Drawing(7, 1, strokes)]


@pytest.mark.parametrize(
    "text", ["", ".PEN_DOWN\n1 2\n", "hello world", ".COMMENT 7 1 100\n", UNIPEN[:-90] + "1 x\n"]
)
def test_broken_pen_file_raises_data_error_that_names_it(home, text):
    (home / "pen/pendigits-orig.tra").write_text(text.format(writer=1))
    with pytest.raises(DataError, match=r"pendigits-orig\.tra .*delete it and fetch it again"):
        pen.pen_drawings("train")


def test_splits_share_no_writer(home):
    text = "".join(UNIPEN.format(writer=writer) for writer in range(1, 31))
    (home / "pen/pendigits-orig.tra.gz").write_bytes(gzip.compress(text.encode()))
    writers = {split: {d.writer for d in pen.pen_drawings(split)} for split in sets.SPLITS}
    assert {split: len(who) for split, who in writers.items()} == {
        "train": 18,
        "validation": 4,
        "test": 8,
    }
    assert len(set.union(*writers.values())) == 30


def test_unreadable_drawings_are_left_out_of_all_splits_but_the_test(pen_test):
    everything = pen.read_unipen(find(f"pen/{pen.PEN_FILE}.gz", f"pen/{pen.PEN_FILE}"))
    left_out = [everything[place] for place in pen.UNREADABLE]
    kept = [*pen.pen_drawings("train"), *pen.pen_drawings("validation")]
    assert len(kept) + len(pen_test) + len(left_out) == len(everything)
    assert pen_test == [d for d in everything if d.writer in pen.PEN_WRITERS["test"]]
    assert not any(drawing in kept for drawing in left_out)


def test_renderings_are_deterministic_and_keep_labels():
    seven = Drawing(7, 1, [[(0.0, 0.0), (10.0, 0.0), (4.0, 18.0)]])
    images, labels = renderings([seven] * 12)
    again, _ = renderings([seven] * 12)
    np.testing.assert_array_equal(images, again)
    assert images.shape == (12, 28, 28)
    assert images.dtype == np.uint8
    assert (labels == 7).all()
    assert len({image.tobytes() for image in images}) == 12


def test_draw_places_strokes_with_the_width_of_the_pen():
    picture = np.asarray(draw([[(0, 0), (1, 0)]], 200, 20, (100, 60), 100))
    rows, columns = np.nonzero(picture < 128)
    assert (rows.min(), rows.max()) == (50, 69)
    assert (columns.min(), columns.max()) == (40, 159)
    dot = np.asarray(draw([[(3, 3)]], 200, 20, (100, 60), 100))
    assert (dot < 128).sum() == pytest.approx(np.pi * 100, rel=0.06)


# ---------------------------------------------------------------------------------------- mirrors


@pytest.fixture
def mirror():
    """A real HTTP server; `answers` says what a path gives: status, body, claimed length.

    It sends parts of a file when asked for them, below /parts/.
    """

    answers, ranges = {}, []

    def send(request):
        status, body, claimed = answers.get(request.path, (404, b"none", 4))
        start = int(request.headers.get("Range", "bytes=0-")[len("bytes=") : -1])
        headers = {}
        if start and request.path.startswith("/parts/"):
            ranges.append(start)
            status = 206 if start < claimed else 416
            body, claimed = body[start:], max(0, claimed - start)
            if status == 206:
                end = start + claimed
                headers["Content-Range"] = f"bytes {start}-{end - 1}/{end}"
        request.respond(body, status, headers | {"Content-Length": str(claimed)})

    with local_server(send) as server:
        server.answers, server.ranges = answers, ranges
        yield server


CONTENT = b"the right content" * 1000
CHECKSUM = f"md5:{hashlib.md5(CONTENT).hexdigest()}"


def test_fetch_falls_back_to_the_next_mirror(mirror, home, tmp_path):
    mirror.answers |= {
        "/lies": (200, b"x" * len(CONTENT), len(CONTENT)),
        "/cuts": (200, CONTENT[:100], len(CONTENT)),
        "/fails": (500, b"", 0),
        "/good": (200, CONTENT, len(CONTENT)),
    }
    paths = ["/lacks", "/fails", "/lies", "/cuts", "/good", "/never-asked"]
    target = tmp_path / "cache" / "set" / "file.gz"
    urls = ["http://127.0.0.1:9/closed", *(mirror.url + path for path in paths)]
    assert fetch(urls, target, CHECKSUM) == target
    assert target.read_bytes() == CONTENT
    assert mirror.asked == paths[:-1]
    assert [file.name for file in target.parent.iterdir()] == ["file.gz"]


def test_fetch_resumes_an_interrupted_download(mirror, home, tmp_path):
    content = CONTENT * 20
    first, second = 1 << 16, 3 << 16  # whole chunks, for what comes of the last one is lost
    mirror.answers |= {
        "/parts/cuts": (200, content[:first], len(content)),
        "/parts/cuts-later": (200, content[:second], len(content)),
        "/parts/good": (200, content, len(content)),
    }
    target = tmp_path / "cache" / "file.gz"
    checksum = f"md5:{hashlib.md5(content).hexdigest()}"
    with pytest.raises(DataError):
        fetch([mirror.url + "/parts/cuts"], target, checksum)
    assert not target.exists()
    urls = [mirror.url + path for path in ("/parts/cuts-later", "/parts/good")]
    assert fetch(urls, target, checksum) == target
    assert target.read_bytes() == content
    assert mirror.ranges == [first, second]
    assert [file.name for file in target.parent.iterdir()] == ["file.gz"]


@pytest.mark.parametrize("size", [1000, len(CONTENT), 2 * len(CONTENT)])
def test_fetch_discards_a_partial_file_with_a_wrong_checksum(mirror, home, tmp_path, size):
    mirror.answers["/parts/good"] = (200, CONTENT, len(CONTENT))
    target = tmp_path / "file.gz"
    (tmp_path / "file.gz.part").write_bytes(b"x" * size)
    assert fetch([mirror.url + "/parts/good"], target, CHECKSUM) == target
    assert target.read_bytes() == CONTENT
    assert mirror.ranges == [size]


@pytest.mark.parametrize("path", ["/whole", "/parts/whole"])
def test_fetch_completes_a_partial_file_with_or_without_range_support(mirror, home, tmp_path, path):
    mirror.answers[path] = (200, CONTENT, len(CONTENT))
    target = tmp_path / "file.gz"
    (tmp_path / "file.gz.part").write_bytes(CONTENT[:1000])
    assert fetch([mirror.url + path], target, CHECKSUM) == target
    assert target.read_bytes() == CONTENT
    assert len(mirror.asked) == 1


def test_failed_download_names_folder_and_command(mirror, home, monkeypatch):
    monkeypatch.setattr(mnist, "MNIST_MIRRORS", [mirror.url + "/"])
    with pytest.raises(DataError) as refused:
        sets.load("mnist", "test")
    assert mirror.asked == ["/t10k-images-idx3-ubyte.gz"]
    message = str(refused.value)
    assert str(home) in message
    assert "python -m nn data" in message
    assert "\n" not in message


def compressed(content):
    """Unix compress (.Z) of up to 255 bytes: each a code of 9 bits, lowest bits first."""
    bits = sum(byte << (9 * i) for i, byte in enumerate(content))
    return b"\x1f\x9d\x90" + bits.to_bytes((9 * len(content) + 7) // 8, "little")


def test_pen_set_is_extracted_from_its_archive_and_verified(mirror, home, monkeypatch):
    text = UNIPEN.format(writer=2).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("pendigits-orig.tra.Z", compressed(text))
    body = buffer.getvalue()
    mirror.answers["/pen.zip"] = (200, body, len(body))
    monkeypatch.setattr(pen, "PEN_ARCHIVES", [mirror.url + "/pen.zip"])
    with pytest.raises(DataError, match="wrong checksum"):
        pen.fetch_pen()
    assert sets.find_file("pen/pendigits-orig.tra.gz") is None
    monkeypatch.setattr(pen, "PEN_SHA256", hashlib.sha256(text).hexdigest())
    path = pen.fetch_pen()
    assert gzip.decompress(path.read_bytes()) == text
    assert [drawing.label for drawing in pen.pen_drawings("test")] == [7]


def test_broken_pen_archive_raises_data_error(mirror, home, monkeypatch):
    monkeypatch.setattr(pen, "PEN_ARCHIVES", [mirror.url + "/pen.zip"])
    mirror.answers["/pen.zip"] = (200, b"<html>", 6)
    with pytest.raises(DataError, match="pen set is broken"):
        pen.fetch_pen()


# ------------------------------------------------------------------------ characters and pictures


ZIGZAG = "START\n10,-20,0\n50,-20,10\n20,-90,20\nBREAK\n60,-10,900\n61,-80,930\nBREAK\n"


def test_omniglot_characters_are_extracted_into_disjoint_splits(mirror, home, monkeypatch):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for alphabet in (*alphabets.ALPHABETS, "Futurama"):
            for number in (1, 8):
                for drawer in (1, 10):
                    name = f"{alphabet}/character{number:02}/0394_{drawer:02}.txt"
                    archive.writestr(f"strokes_background/{name}", ZIGZAG)
    body = buffer.getvalue()
    mirror.answers["/strokes.zip"] = (200, body, len(body))
    monkeypatch.setattr(alphabets, "CHARACTERS_ARCHIVES", [mirror.url + "/strokes.zip"])
    assert sets.fetch_file("nondigits/omniglot.json.gz") == sets.find_file(
        "nondigits/omniglot.json.gz"
    )
    drawn = {split: alphabets.characters(split) for split in sets.SPLITS}
    # Greek theta, character 8, looks like a zero; drawer 10 validates; Balinese is for the test
    assert {split: len(drawings) for split, drawings in drawn.items()} == {
        "train": 5,
        "validation": 5,
        "test": 4,
    }
    assert {d.writer for d in drawn["train"]} == {1}
    assert {d.writer for d in drawn["validation"]} == {10}
    assert drawn["test"][0] == Drawing(
        NOT_A_DIGIT, 1, [[(10, 20), (50, 20), (20, 90)], [(60, 10), (61, 80)]]
    )


@pytest.mark.parametrize("body", [b"<html>", b""], ids=["a page", "nothing"])
def test_broken_omniglot_archive_raises_data_error(mirror, home, monkeypatch, body):
    mirror.answers["/strokes.zip"] = (200, body, len(body))
    monkeypatch.setattr(alphabets, "CHARACTERS_ARCHIVES", [mirror.url + "/strokes.zip"])
    with pytest.raises(DataError, match="alphabets are broken"):
        alphabets.fetch_characters()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_only_the_first_quickdraw_pictures_are_fetched(mirror, home, monkeypatch):
    rng = np.random.default_rng(1)
    cats, rainbows = (rng.integers(0, 256, (n, 784)).astype(np.uint8) for n in (1200, 700))
    for name, rows in (("/cat.npy", cats), ("/rainbow.npy", rainbows)):
        mirror.answers[name] = (200, npy(rows), len(npy(rows)))
    monkeypatch.setattr(pictures, "PICTURES_MIRRORS", [mirror.url + "/"])
    pictures.fetch_pictures()
    train, test = pictures.pictures("train"), pictures.pictures("test")
    np.testing.assert_array_equal(train.reshape(-1, 784), cats[:700])
    np.testing.assert_array_equal(pictures.pictures("validation").reshape(-1, 784), cats[700:800])
    np.testing.assert_array_equal(test[:200].reshape(-1, 784), cats[800:1000])
    np.testing.assert_array_equal(test[200:].reshape(-1, 784), rainbows[:500])


@pytest.mark.parametrize(
    "body",
    [b"<html>" * 99, npy(np.zeros((9, 784), np.uint8)), npy(np.zeros((1000, 784), np.float32))],
    ids=["a page", "too few", "floats"],
)
def test_broken_quickdraw_file_raises_data_error(mirror, home, monkeypatch, body):
    mirror.answers["/cat.npy"] = (200, body, len(body))
    monkeypatch.setattr(pictures, "PICTURES_MIRRORS", [mirror.url + "/"])
    with pytest.raises(DataError, match=r"quickdraw\.npz is not in .* fetched from .*cat\.npy"):
        pictures.fetch_pictures()


@pytest.mark.parametrize("name", ["omniglot.json.gz", "quickdraw.npz"])
def test_broken_nondigits_file_raises_data_error_that_names_it(home, name):
    (home / "nondigits" / name).write_bytes(b"nonsense")
    load = alphabets.characters if name.startswith("omniglot") else pictures.pictures
    with pytest.raises(DataError, match=rf"{name} .*delete it and fetch it again"):
        load("train")
