"""The data sets: parsed from each of their formats, fetched from real mirrors, split cleanly."""

import gzip
import hashlib
import io
import struct
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from nn.data import alphabets, mnist, pen, sets
from nn.data.download import DataError, fetch
from nn.dataset import NOT_A_DIGIT, join
from nn.ink.strokes import Drawing, draw, renderings

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
def test_mnist_is_read_from_idx_files_packed_or_plain(home, packed):
    pack, end = (gzip.compress, ".gz") if packed else (bytes, "")
    (home / f"mnist/train-images-idx3-ubyte{end}").write_bytes(pack(idx(IMAGES)))
    (home / f"mnist/train-labels-idx1-ubyte{end}").write_bytes(pack(idx(LABELS)))
    training, validation = sets.load("mnist", "train"), sets.load("mnist", "validation")
    assert len(training.labels) + len(validation.labels) == 6000
    np.testing.assert_array_equal(np.concatenate([training.images, validation.images]), IMAGES)
    np.testing.assert_array_equal(np.concatenate([training.labels, validation.labels]), LABELS)


@pytest.mark.parametrize("header", [True, False])
def test_mnist_is_read_from_kaggles_table_with_or_without_a_header(home, header):
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
def test_a_broken_idx_file_is_named_in_one_sentence(home, content):
    path = home / "mnist/broken"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken is broken .*delete it and fetch it again"):
        mnist.read_idx(path)


def test_images_and_labels_that_do_not_belong_together_are_refused(home):
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
def test_a_broken_table_is_refused(home, text):
    (home / "train.csv").write_text(text)
    with pytest.raises(DataError, match=r"train\.csv"):
        mnist.read_csv(home / "train.csv")


def test_unknown_sets_and_splits_are_refused():
    with pytest.raises(DataError, match="sets are mnist, pen"):
        sets.load("cats", "train")
    with pytest.raises(DataError, match="there are train, validation, test"):
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


def test_pen_strokes_are_read_with_y_turned_downwards(home):
    (home / "pen/pendigits-orig.tra").write_text(UNIPEN.format(writer=1))
    strokes = [[(10.0, -90.0), (50.0, -90.0), (20.0, -10.0)], [(15.0, -50.0), (40.0, -50.0)]]
    assert pen.pen_drawings("train") == [Drawing(7, 1, strokes)]


@pytest.mark.parametrize(
    "text", ["", ".PEN_DOWN\n1 2\n", "hello world", ".COMMENT 7 1 100\n", UNIPEN[:-90] + "1 x\n"]
)
def test_a_broken_pen_file_is_named_in_one_sentence(home, text):
    (home / "pen/pendigits-orig.tra").write_text(text.format(writer=1))
    with pytest.raises(DataError, match=r"pendigits-orig\.tra .*delete it and fetch it again"):
        pen.pen_drawings("train")


def test_every_writer_is_in_one_split(home):
    text = "".join(UNIPEN.format(writer=writer) for writer in range(1, 31))
    (home / "pen/pendigits-orig.tra.gz").write_bytes(gzip.compress(text.encode()))
    writers = {split: {d.writer for d in pen.pen_drawings(split)} for split in sets.SPLITS}
    assert {split: len(who) for split, who in writers.items()} == {
        "train": 18,
        "validation": 4,
        "test": 8,
    }
    assert len(set.union(*writers.values())) == 30


def test_renderings_are_the_same_each_time_and_hold_their_digit():
    seven = Drawing(7, 1, [[(0.0, 0.0), (10.0, 0.0), (4.0, 18.0)]])
    images, labels = renderings([seven] * 12)
    again, _ = renderings([seven] * 12)
    np.testing.assert_array_equal(images, again)
    assert images.shape == (12, 28, 28)
    assert images.dtype == np.uint8
    assert (labels == 7).all()
    assert len({image.tobytes() for image in images}) == 12


def test_ink_lies_where_it_was_drawn_and_is_as_wide_as_the_pen():
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

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, body, claimed = answers.get(self.path, (404, b"none", 4))
            start = int(self.headers.get("Range", "bytes=0-")[len("bytes=") : -1])
            if start and self.path.startswith("/parts/"):
                ranges.append(start)
                status = 206 if start < claimed else 416
                body, claimed = body[start:], max(0, claimed - start)
            self.send_response(status)
            if status == 206:
                end = start + claimed
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
            self.send_header("Content-Length", str(claimed))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    answers, asked, ranges = {}, [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.answers, server.asked, server.ranges = answers, asked, ranges
    server.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


CONTENT = b"the right content" * 1000
CHECKSUM = f"md5:{hashlib.md5(CONTENT).hexdigest()}"


def test_what_one_mirror_lacks_cuts_or_falsifies_the_next_one_gives(mirror, home, tmp_path):
    mirror.answers |= {
        "/lies": (200, b"x" * len(CONTENT), len(CONTENT)),
        "/cuts": (200, CONTENT[:100], len(CONTENT)),
        "/fails": (500, b"", 0),
        "/good": (200, CONTENT, len(CONTENT)),
    }
    paths = ["/lacks", "/fails", "/lies", "/cuts", "/good", "/never-asked"]
    target = tmp_path / "cache" / "set" / "file.gz"
    urls = ["http://127.0.0.1:9/closed", *(mirror.address + path for path in paths)]
    assert fetch(urls, target, CHECKSUM) == target
    assert target.read_bytes() == CONTENT
    assert mirror.asked == paths[:-1]
    assert [file.name for file in target.parent.iterdir()] == ["file.gz"]


def test_a_download_that_was_cut_off_goes_on_where_it_was(mirror, home, tmp_path):
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
        fetch([mirror.address + "/parts/cuts"], target, checksum)
    assert not target.exists()
    urls = [mirror.address + path for path in ("/parts/cuts-later", "/parts/good")]
    assert fetch(urls, target, checksum) == target
    assert target.read_bytes() == content
    assert mirror.ranges == [first, second]
    assert [file.name for file in target.parent.iterdir()] == ["file.gz"]


@pytest.mark.parametrize("size", [1000, len(CONTENT), 2 * len(CONTENT)])
def test_a_start_that_belongs_to_another_file_is_given_up(mirror, home, tmp_path, size):
    mirror.answers["/parts/good"] = (200, CONTENT, len(CONTENT))
    target = tmp_path / "file.gz"
    (tmp_path / "file.gz.part").write_bytes(b"x" * size)
    assert fetch([mirror.address + "/parts/good"], target, CHECKSUM) == target
    assert target.read_bytes() == CONTENT
    assert mirror.ranges == [size]


@pytest.mark.parametrize("path", ["/whole", "/parts/whole"])
def test_a_start_is_made_whole_by_a_mirror_with_or_without_parts(mirror, home, tmp_path, path):
    mirror.answers[path] = (200, CONTENT, len(CONTENT))
    target = tmp_path / "file.gz"
    (tmp_path / "file.gz.part").write_bytes(CONTENT[:1000])
    assert fetch([mirror.address + path], target, CHECKSUM) == target
    assert target.read_bytes() == CONTENT
    assert len(mirror.asked) == 1


def test_when_no_mirror_gives_it_one_sentence_says_where_it_was_sought(mirror, home, monkeypatch):
    monkeypatch.setattr(mnist, "MNIST_MIRRORS", [mirror.address + "/"])
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


def test_the_pen_set_is_unpacked_from_its_original_archive(mirror, home, monkeypatch):
    text = UNIPEN.format(writer=2).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("pendigits-orig.tra.Z", compressed(text))
    body = buffer.getvalue()
    mirror.answers["/pen.zip"] = (200, body, len(body))
    monkeypatch.setattr(pen, "PEN_ARCHIVES", [mirror.address + "/pen.zip"])
    with pytest.raises(DataError, match="wrong checksum"):
        pen.fetch_pen()
    assert sets.find_file("pen/pendigits-orig.tra.gz") is None
    monkeypatch.setattr(pen, "PEN_SHA256", hashlib.sha256(text).hexdigest())
    path = pen.fetch_pen()
    assert gzip.decompress(path.read_bytes()) == text
    assert [drawing.label for drawing in pen.pen_drawings("test")] == [7]


def test_an_archive_that_is_none_is_refused(mirror, home, monkeypatch):
    monkeypatch.setattr(pen, "PEN_ARCHIVES", [mirror.address + "/pen.zip"])
    mirror.answers["/pen.zip"] = (200, b"<html>", 6)
    with pytest.raises(DataError, match="pen set is broken"):
        pen.fetch_pen()


# ------------------------------------------------------------------------ characters and pictures


ZIGZAG = "START\n10,-20,0\n50,-20,10\n20,-90,20\nBREAK\n60,-10,900\n61,-80,930\nBREAK\n"


def test_characters_are_unpacked_from_the_archive_of_strokes(mirror, home, monkeypatch):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for alphabet in (*alphabets.ALPHABETS, "Futurama"):
            for number in (1, 8):
                for drawer in (1, 10):
                    name = f"{alphabet}/character{number:02}/0394_{drawer:02}.txt"
                    archive.writestr(f"strokes_background/{name}", ZIGZAG)
    body = buffer.getvalue()
    mirror.answers["/strokes.zip"] = (200, body, len(body))
    monkeypatch.setattr(alphabets, "CHARACTERS_ARCHIVES", [mirror.address + "/strokes.zip"])
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
def test_an_archive_of_strokes_that_is_none_is_refused(mirror, home, monkeypatch, body):
    mirror.answers["/strokes.zip"] = (200, body, len(body))
    monkeypatch.setattr(alphabets, "CHARACTERS_ARCHIVES", [mirror.address + "/strokes.zip"])
    with pytest.raises(DataError, match="alphabets are broken"):
        alphabets.fetch_characters()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_of_the_pictures_only_the_first_are_fetched(mirror, home, monkeypatch):
    rng = np.random.default_rng(1)
    cats, rainbows = (rng.integers(0, 256, (n, 784)).astype(np.uint8) for n in (1200, 700))
    for name, rows in (("/cat.npy", cats), ("/rainbow.npy", rainbows)):
        mirror.answers[name] = (200, npy(rows), len(npy(rows)))
    monkeypatch.setattr(alphabets, "PICTURES_MIRRORS", [mirror.address + "/"])
    alphabets.fetch_pictures()
    train, test = alphabets.pictures("train"), alphabets.pictures("test")
    np.testing.assert_array_equal(train.reshape(-1, 784), cats[:700])
    np.testing.assert_array_equal(alphabets.pictures("validation").reshape(-1, 784), cats[700:800])
    np.testing.assert_array_equal(test[:200].reshape(-1, 784), cats[800:1000])
    np.testing.assert_array_equal(test[200:].reshape(-1, 784), rainbows[:500])


@pytest.mark.parametrize(
    "body",
    [b"<html>" * 99, npy(np.zeros((9, 784), np.uint8)), npy(np.zeros((1000, 784), np.float32))],
    ids=["a page", "too few", "floats"],
)
def test_pictures_that_are_none_are_refused(mirror, home, monkeypatch, body):
    mirror.answers["/cat.npy"] = (200, body, len(body))
    monkeypatch.setattr(alphabets, "PICTURES_MIRRORS", [mirror.address + "/"])
    with pytest.raises(DataError, match=r"cat\.npy is not to be had"):
        alphabets.fetch_pictures()


@pytest.mark.parametrize("name", ["omniglot.json.gz", "quickdraw.npz"])
def test_a_broken_file_of_non_digits_is_named_in_one_sentence(home, name):
    (home / "nondigits" / name).write_bytes(b"nonsense")
    load = alphabets.characters if name.startswith("omniglot") else alphabets.pictures
    with pytest.raises(DataError, match=rf"{name} .*delete it and fetch it again"):
        load("train")
