"""A drawing moved, scaled, inverted, at another resolution or format stays the same input."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from nn.ink.files import (
    MAX_BYTES,
    MAX_WORK,
    BrokenPictureError,
    TooLargeError,
    UnknownFormatError,
    inspect,
)
from nn.ink.preprocess import (
    STEPS,
    WORKING_SIDE,
    centre,
    centre_of_mass,
    crop,
    fit,
    flatten,
    gray,
    image_to_input,
    input_after,
    open_picture,
    paper_under,
    shrink,
    smooth_surface,
    steps,
    subtract_paper,
    to_input,
)
from nn.ink.strokes import draw
from nn.measure.robustness import encoded
from tests.support.pictures import BOMB


def seven(side=280, pen=20.0, centre=(140.0, 140.0), size=180.0, paper=255, ink=0):
    strokes = [[(0.0, 0.1), (0.5, 0.08), (1.0, 0.0), (0.6, 0.8), (0.45, 1.5)]]
    return draw(strokes, side, pen, centre, size, paper, ink)


def difference(a, b):
    """The mean absolute difference, as a share of the ink."""
    return np.abs(a - b).sum() / b.sum()


@pytest.fixture(scope="module")
def plain():
    return image_to_input(seven())


def test_input_has_the_shape_range_and_centre_of_mnist(plain):
    assert plain.shape == (28, 28)
    assert plain.dtype == np.float32
    assert plain.max() == 1
    assert plain.min() == 0
    rows, columns = np.nonzero(plain > 0.3)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)
    assert centre_of_mass(plain) == pytest.approx((14, 14), abs=0.1)


@pytest.mark.parametrize("place", [(75, 105), (190, 120), (90, 180), (140.4, 139.7)])
def test_input_is_invariant_to_position(plain, place):
    assert difference(image_to_input(seven(centre=place)), plain) < 0.12


def test_input_is_identical_after_a_shift_by_whole_pixels():
    assert (image_to_input(seven(centre=(95, 168))) == image_to_input(seven())).all()


@pytest.mark.parametrize("share", [0.4, 0.7, 1.3])
def test_input_is_invariant_to_scale(plain, share):
    assert difference(image_to_input(seven(pen=20 * share, size=180 * share)), plain) < 0.15


@pytest.mark.parametrize("side", [100, 560, 1000, 2000])
def test_input_is_invariant_to_resolution(plain, side):
    ratio = side / 280
    image = seven(side, 20 * ratio, (side / 2, side / 2), 180 * ratio)
    assert difference(image_to_input(image), plain) < 0.15


@pytest.mark.parametrize(
    ("paper", "ink"),
    [(0, 255), (255, 128), (128, 90), (128, 170), (20, 60), (200, 255), (245, 225)],
)
def test_input_is_invariant_to_polarity_and_contrast(plain, paper, ink):
    assert difference(image_to_input(seven(paper=paper, ink=ink)), plain) < 0.05


@pytest.mark.parametrize(
    ("kind", "options", "bound"),
    [
        ("PNG", {}, 0.001),
        ("WEBP", {"lossless": True}, 0.001),
        ("WEBP", {"quality": 60}, 0.06),
        ("JPEG", {"quality": 100}, 0.02),
        ("JPEG", {"quality": 80}, 0.04),
        ("JPEG", {"quality": 50}, 0.06),
        ("JPEG", {"progressive": True, "quality": 90}, 0.04),
    ],
)
def test_input_is_invariant_to_file_format(plain, kind, options, bound):
    assert difference(to_input(encoded(seven(), kind, **options)), plain) < bound


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_png_mode_is_read(plain, mode):
    image = seven()
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image, np.uint16) * 257)
    else:
        image = image.convert(mode)
    assert difference(to_input(encoded(image)), plain) < 0.1


def test_cmyk_jpeg_is_read(plain):
    assert difference(to_input(encoded(seven().convert("CMYK"), "JPEG")), plain) < 0.06


@pytest.mark.parametrize("colour", [0, 255])
def test_alpha_alone_is_read_as_ink(plain, colour):
    strength = Image.fromarray(255 - np.asarray(seven()))
    image = Image.merge("LA", (Image.new("L", strength.size, colour), strength))
    assert difference(to_input(encoded(image)), plain) < 0.05
    assert difference(to_input(encoded(image.convert("RGBA"))), plain) < 0.05


@pytest.mark.parametrize("colour", [0, 255])
def test_alpha_that_covers_most_of_the_picture_is_read_as_ink(colour):
    strength = Image.fromarray(255 - np.asarray(seven(140, 60, (70, 70), 80))).crop(
        (15, 0, 125, 140)
    )
    assert np.asarray(strength).mean() > 0.5 * 255
    image = Image.merge("LA", (Image.new("L", strength.size, colour), strength))
    on_paper = image_to_input(Image.fromarray(255 - np.asarray(strength)))
    assert difference(to_input(encoded(image)), on_paper) < 0.05


def test_transparent_corners_are_background(plain):
    image = seven().convert("RGBA")
    for corner in ((0, 0), (260, 0), (0, 260), (260, 260)):
        image.paste((0, 0, 0, 0), (*corner, corner[0] + 20, corner[1] + 20))
    assert difference(to_input(encoded(image)), plain) < 0.05


@pytest.mark.parametrize("ink", [(200, 30, 30), (20, 40, 160), (255, 120, 0)])
def test_coloured_ink_is_read(plain, ink):
    image = Image.new("RGB", (280, 280), (255, 255, 255))
    image.paste(ink, mask=Image.fromarray(255 - np.asarray(seven())))
    assert difference(to_input(encoded(image)), plain) < 0.06


@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (0, 255)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_ink_may_reach_all_edges_of_even_paper(kind, paper, ink):
    angle = np.linspace(0, 2 * np.pi, 80)
    ring = [[(float(np.cos(a)), float(np.sin(a))) for a in angle], [(0.3, -0.3), (-0.3, 0.3)]]
    inputs = [
        to_input(encoded(draw(ring, 280, share * 36, (140, 140), share * 240, paper, ink), kind))
        for share in (1, 0.5)
    ]
    assert difference(*inputs) < 0.06


@pytest.mark.parametrize("shade", [(-0.3, 0.0), (0.0, 0.35), (0.2, -0.25)])
def test_uneven_lighting_is_background(plain, shade):
    y, x = np.mgrid[:280, :280] / 280 - 0.5
    rng = np.random.default_rng(1)
    light = 0.65 + shade[0] * x + shade[1] * y - 0.2 * x * x
    ink = 1 - np.asarray(seven()) / 255
    photo = light * (1 - 0.6 * ink) + rng.normal(0, 0.01, ink.shape)
    image = Image.fromarray((photo.clip(0, 1) * 255).astype(np.uint8))
    assert difference(image_to_input(image), plain) < 0.25


def test_exif_orientation_is_applied(plain):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right by 90 degrees to see it upright
    lying = seven().rotate(90)
    assert difference(to_input(encoded(lying, "JPEG", exif=exif)), plain) < 0.06


@pytest.mark.parametrize("level", [0, 90, 255])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_uniform_picture_is_blank(level, kind):
    assert to_input(encoded(Image.new("L", (280, 280), level), kind)) is None


def test_fully_transparent_picture_is_blank():
    assert to_input(encoded(Image.new("RGBA", (280, 280), (0, 0, 0, 0)))) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 2), (28, 28)])
def test_smallest_pictures_do_not_crash(size):
    assert to_input(encoded(Image.new("L", size, 255))) is None
    image = Image.new("L", size, 255)
    image.putpixel((0, 0), 0)
    seen = to_input(encoded(image))
    assert seen is None or (seen.shape == (28, 28) and np.isfinite(seen).all())


def test_thinnest_dot_is_ink_and_a_speck_is_not():
    dot, speck = Image.new("L", (280, 280), 255), Image.new("L", (280, 280), 255)
    ImageDraw.Draw(dot).ellipse((200, 20, 206, 26), fill=0)
    speck.paste(0, (200, 20, 203, 22))
    assert to_input(encoded(dot)).max() == 1
    assert to_input(encoded(speck)) is None


def test_each_preprocessing_step_does_its_own_part():
    image = Image.new("RGBA", (50, 40), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (10, 5, 20, 25))
    light = gray(flatten(image))
    assert light.shape == (40, 50)
    assert set(np.unique(light)) == {0, 255}
    assert paper_under(light) == 1
    ink = subtract_paper(light)
    assert ink.amount(ink.levels).sum() == 200
    box = crop(ink)
    assert box.shape == (20, 10)
    assert (box == 1).all()
    fitted = fit(np.ones((40, 20), np.float32))  # 20 by 10, its middle in the middle of a pixel
    assert fitted.shape == (21, 11)
    np.testing.assert_allclose(fitted.sum(axis=0)[[0, 5, 10]], [10, 20, 10], rtol=0.08)
    field = centre(fitted)
    assert (field[4:25, 9:20] == fitted).all()
    assert field.sum() == pytest.approx(fitted.sum())
    assert centre_of_mass(field) == pytest.approx((14, 14))


def plain_input(image):
    """`image_to_input` in numbers from 0 to 1 for all pixels; no drawing may be blank."""
    light = np.asarray(image.convert("L"), np.float32) / 255
    margin = max(1, min(light.shape) // 20)
    edges = (light[:margin], light[-margin:], light[:, :margin], light[:, -margin:])
    low, paper, high = np.percentile(np.concatenate([edge.ravel() for edge in edges]), (10, 50, 90))
    commonest = np.bincount(np.asarray(image.convert("L")).ravel()).argmax() / np.float32(255)
    if high - low >= 0.04 and (np.abs(light - commonest) < 2.5 / 255).mean() > 0.4:
        paper = commonest
    elif high - low >= 0.04:
        paper = smooth_surface(light)
    difference = light - np.asarray(paper, np.float32)
    lighter, darker = difference.clip(0, None), (-difference).clip(0, None)
    ink = difference if np.sum(lighter**2) > np.sum(darker**2) else -difference
    full = ink[ink > ink.max() / 2].mean()
    ink = ((ink / full - 0.1) / 0.9).clip(0, 1)
    rows, columns = np.nonzero(ink > 0.3)
    drawing = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return centre(fit(drawing))


def random_picture(rng):
    """Strokes of any pen, place and size: on even paper of any lightness, or in a photo."""
    side = int(rng.choice([100, 280, 420]))
    paper, ink = ((255, 0), (0, 255), (255, 150), (120, 60), (60, 200))[rng.integers(5)]
    size, place = side * rng.uniform(0.2, 0.95), side * rng.uniform(0.4, 0.6, 2)
    strokes = [rng.normal(0, 1, (4, 2)).cumsum(axis=0) for _ in range(rng.integers(1, 4))]
    image = draw(strokes, side, side * rng.uniform(0.02, 0.12), tuple(place), size, paper, ink)
    if rng.random() < 0.3:
        shade = np.linspace(1 - rng.uniform(0, 0.5), 1, side)
        photo = (np.asarray(image) * shade + rng.normal(0, 2, (side, side))).clip(0, 255)
        image = Image.fromarray(photo.astype(np.uint8))
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_input_equals_that_of_the_plain_calculation(kind):
    rng = np.random.default_rng(14)
    for _ in range(150):
        content = encoded(random_picture(rng), kind)
        np.testing.assert_array_equal(to_input(content), plain_input(open_picture(content)))


def test_gray_jpeg_of_three_colours_equals_that_of_one():
    rng = np.random.default_rng(17)
    for _ in range(50):
        content = encoded(random_picture(rng).convert("RGB"), "JPEG", quality=92)
        np.testing.assert_array_equal(to_input(content), plain_input(open_picture(content)))


@pytest.mark.parametrize("ink", [(200, 30, 30), (20, 40, 160), (90, 60, 20)])
def test_jpeg_read_without_its_colours_is_nearly_the_same(ink):
    image = Image.new("RGB", (280, 280), (250, 245, 230))
    image.paste(ink, mask=Image.fromarray(255 - np.asarray(seven())))
    content = encoded(image, "JPEG", quality=92)
    assert open_picture(content).mode == "RGB"
    expected = image_to_input(open_picture(content))
    np.testing.assert_allclose(to_input(content), expected, atol=0.02)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "I;16"])
def test_last_step_is_the_input(mode):
    rng = np.random.default_rng(15)
    for _ in range(30):
        image = random_picture(rng)
        if mode == "I;16":
            image = Image.fromarray(np.asarray(image, np.uint16) * 257)
        else:
            image = image.convert(mode)
        results = list(steps(image))
        assert tuple(name for name, _ in results) == STEPS
        np.testing.assert_array_equal(input_after(results), image_to_input(image))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16"])
def test_inverted_picture_gives_the_same_input(mode):
    rng = np.random.default_rng(16)
    for _ in range(30):
        image = seven(paper=255, ink=int(rng.integers(200)), centre=tuple(rng.uniform(110, 170, 2)))
        pictures = [image, ImageOps.invert(image)]
        if mode == "I;16":
            pictures = [Image.fromarray(np.asarray(one, np.uint16) * 257) for one in pictures]
        else:
            pictures = [one.convert(mode) for one in pictures]
        seen, inverted = map(image_to_input, pictures)
        np.testing.assert_allclose(seen, inverted, atol=1e-4)


def test_preprocessing_leaves_the_picture_as_it_is():
    image = seven()
    before = image.tobytes()
    assert (image_to_input(image) == image_to_input(image)).all()
    assert image.tobytes() == before


def test_decompression_bomb_raises_too_large_before_decoding():
    assert len(BOMB) < 150_000
    with pytest.raises(TooLargeError, match="12000x12000 pixels"):
        open_picture(BOMB)


@pytest.mark.parametrize("mode", ["1", "P", "L", "LA", "RGB", "RGBA", "I;16"])
def test_large_pictures_of_every_mode_are_shrunk_first(plain, mode):
    large = seven(1400, 100, (700, 700), 900)
    if mode == "I;16":
        large = Image.fromarray(np.asarray(large, np.uint16) * 257)
    else:
        large = large.convert(mode)
    small = shrink(open_picture(encoded(large)))
    assert max(small.size) < 2 * WORKING_SIDE
    assert difference(image_to_input(small), plain) < 0.15


@pytest.mark.parametrize("size", [(200_000, 1), (1, 200_000), (40_000, 3)])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_extreme_aspect_ratios_are_read(size, depth):
    line = np.zeros(size, depth)
    line.reshape(-1)[line.size // 3 : line.size // 2] = np.iinfo(depth).max
    seen = to_input(encoded(Image.fromarray(line)))
    assert seen.shape == (28, 28)


def test_jpeg_with_a_thousand_scans_is_refused_before_decoding():
    whole = encoded(seven(), "JPEG", progressive=True)
    assert to_input(whole) is not None
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00\x00"
    with pytest.raises(BrokenPictureError, match="scans"):
        open_picture(whole[:-2] + scan * 1000 + whole[-2:])


def test_multi_picture_jpeg_is_read(plain):
    buffer = io.BytesIO()
    photo = seven().convert("RGB")
    photo.save(buffer, "MPO", save_all=True, append_images=[photo.resize((80, 80))])
    assert difference(to_input(buffer.getvalue()), plain) < 0.06


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_is_turned_as_the_camera_was_held(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(seven().resize((1200, 900)), kind, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    expected = image_to_input(upright)
    assert difference(to_input(content), expected) < 0.05


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_does_not_change_the_pixels_is_left_out(kind):
    exif = Image.Exif()
    exif[0x010E] = "x" * 20_000
    extra = {"exif": exif, "icc_profile": b"y" * 20_000, "xmp": b"z" * 20_000}
    plain, more = encoded(seven(), kind), encoded(seven(), kind, **extra)
    assert len(more) > len(plain) + 40_000 or kind == "PNG"  # which compresses profiles
    kept = inspect(more)
    assert len(kept.content) < len(plain) + 1000
    assert (to_input(more) == to_input(plain)).all()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_animation_is_read_as_its_first_frame(kind, plain):
    frames = {"save_all": True, "append_images": [Image.new("RGB", (280, 280), "red")] * 3}
    content = encoded(seven().convert("RGB"), kind, **frames)
    assert difference(to_input(content), plain) < 0.1


def test_screenshot_of_4k_and_photos_of_phones_are_accepted():
    for size in ((4000, 3000), (5760, 4320)):
        assert inspect(encoded(Image.new("RGB", size, "gray"), "JPEG")).kind == "JPEG"
    photo = Image.new("RGB", (4032, 3024), "gray")
    assert inspect(encoded(photo, "JPEG", progressive=True)).kind == "JPEG"
    assert inspect(encoded(Image.new("RGB", (1080, 2400), "gray"), "WEBP")).kind == "WEBP"
    screenshot = inspect(encoded(Image.new("RGB", (3840, 2160), "gray")))
    assert screenshot.work + 1.5 * 3_000_000 < MAX_WORK


@pytest.mark.parametrize(
    ("kind", "mode", "size"),
    [("PNG", "RGBA", (4000, 3000)), ("WEBP", "RGBA", (2000, 1500)), ("PNG", "1", (1, 12_000_000))],
)
def test_picture_that_takes_too_long_raises_too_large(kind, mode, size):
    with pytest.raises(TooLargeError, match="too long to decode"):
        inspect(encoded(Image.new(mode, size), kind))


def test_too_many_bytes_raise_too_large():
    with pytest.raises(TooLargeError, match="bytes"):
        open_picture(b"\xff\xd8\xff" + bytes(MAX_BYTES))


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM"])
def test_other_formats_raise_unknown_format(kind):
    with pytest.raises(UnknownFormatError):
        open_picture(encoded(seven().convert("RGB"), kind))


@pytest.mark.parametrize(
    "content", [b"", b"hello, world", b"\x00" * 100, b"<svg></svg>", b"RIFF\0\0\0\0WAVE"]
)
def test_non_pictures_raise_unknown_format(content):
    with pytest.raises(UnknownFormatError):
        open_picture(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.2, 0.5, 0.9])
def test_truncated_picture_raises_broken(kind, share):
    rng = np.random.default_rng(1)
    image = Image.fromarray(rng.integers(0, 255, (280, 280), np.uint8))
    content = encoded(image, kind)
    with pytest.raises(BrokenPictureError):
        open_picture(content[: max(12, int(len(content) * share))])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damaged_pictures_never_crash(kind):
    content = encoded(seven(), kind)
    rng = np.random.default_rng(2)
    for _ in range(300):
        damaged = bytearray(content)
        for place in rng.integers(0, len(damaged), rng.integers(1, 20)):
            damaged[place] = rng.integers(256)
        try:
            seen = to_input(bytes(damaged))
        except (BrokenPictureError, UnknownFormatError, TooLargeError):
            continue
        assert seen is None or np.isfinite(seen).all()
