"""Thumbnails: pictures of four formats become small WebP without metadata; everything else is refused."""

import os
import struct
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from recsys.item_images import SIDE, UnusableImageError, is_thumbnail, make_thumbnail
from recsys.item_images.thumbnails import MOST_PIXELS


def picture(size: tuple[int, int] = (300, 200), mode: str = "RGB") -> Image.Image:
    """Return a picture that is red on the left and blue on the right."""
    image = Image.new("RGB", size, "#d02020")
    image.paste("#2020d0", (size[0] // 2, 0, *size))
    return image.convert(mode)


def encoded(kind: str, image: Image.Image, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    assert image.format == "WEBP" and is_thumbnail(data)
    return image


def is_close(pixel: object, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(np.array(pixel, dtype=int) - colour).max() < 25)


@pytest.mark.parametrize(
    "kind, mode", [("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "P"), ("PNG", "I;16"), ("WEBP", "RGB"), ("GIF", "P")]
)
@pytest.mark.parametrize("size", [(300, 200), (40, 90), (1, 1), (2000, 3)])
def test_pictures_become_small_and_keep_their_form(kind: str, mode: str, size: tuple[int, int]) -> None:
    image = Image.new("I;16", size) if mode == "I;16" else picture(size, mode)
    small = opened(make_thumbnail(BytesIO(encoded(kind, image))))
    assert max(small.size) == min(SIDE, max(size))
    if min(size) > 3:
        assert abs(small.width / small.height - size[0] / size[1]) < 0.02
        if mode in ("RGB", "CMYK"):
            plain = small.convert("RGB")
            assert is_close(plain.getpixel((2, 2)), (208, 32, 32)) and is_close(plain.getpixel((small.width - 3, 2)), (32, 32, 208))


def test_transparent_parts_are_white() -> None:
    image = Image.new("RGBA", (50, 50), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 25, 50))
    small = opened(make_thumbnail(BytesIO(encoded("PNG", image)))).convert("RGB")
    assert is_close(small.getpixel((5, 5)), (0, 0, 255)) and is_close(small.getpixel((45, 5)), (255, 255, 255))


def test_photos_stand_upright_and_do_not_say_where_they_were_taken() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif.get_ifd(0x8825)[1] = "N"
    notes = b"a profile of colours, or a note that is private"
    data = make_thumbnail(BytesIO(encoded("JPEG", picture((300, 200)), exif=exif, icc_profile=notes, comment=notes)))
    small = opened(data)
    assert small.size == (107, 160)
    assert not small.getexif() and not small.info.get("icc_profile") and notes not in data


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (60, 60), colour) for colour in ("#20a020", "#d02020", "#2020d0")]
    for kind in ("GIF", "WEBP"):
        data = encoded(kind, frames[0], save_all=True, append_images=frames[1:], duration=80)
        small = opened(make_thumbnail(BytesIO(data)))
        assert getattr(small, "n_frames", 1) == 1
        assert is_close(small.convert("RGB").getpixel((30, 30)), (32, 160, 32))


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_bomb(side: int) -> bytes:
    """Return a PNG of a few kilobytes that claims, and would unpack to, side × side pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * min(side * (side // 8 + 1), 10**7), 9)) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'
PAGE = b"<!doctype html><script>alert(1)</script>"
HOSTILE = {
    "nothing": b"",
    "svg": SVG,
    "html": PAGE,
    "bomb": png_bomb(30_000),
    "large bomb": png_bomb(100_000),
    "tiff": encoded("TIFF", picture()),
    "bmp": encoded("BMP", picture()),
    "pdf": encoded("PDF", picture()),
    "postscript": encoded("EPS", picture()),
    "head of a png": encoded("PNG", picture())[:30],
    "half a png": encoded("PNG", Image.effect_noise((200, 200), 90))[:9000],
    "half a jpeg": encoded("JPEG", Image.effect_noise((400, 400), 90))[:9000],
    "half a webp": encoded("WEBP", Image.effect_noise((200, 200), 90))[:900],
    "a text of a gigabyte": encoded("PNG", picture())[:33]
    + chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 10**8, 9))
    + chunk(b"IEND", b""),
}


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("name", ["item.png", "item.jpg"])
def test_everything_else_is_refused(what: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[what])
    with pytest.raises(UnusableImageError):
        make_thumbnail(path)
    assert not is_thumbnail(HOSTILE[what])


def test_a_script_behind_a_picture_is_not_kept() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", PAGE.decode())
    data = encoded("PNG", picture(), pnginfo=info) + PAGE
    assert PAGE in data and PAGE not in make_thumbnail(BytesIO(data))


def test_limits_are_checked_before_anything_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise AssertionError("decoded")

    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.write(encoded("PNG", picture()))
        file.truncate(26_000_000)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", refuse)
    with pytest.raises(UnusableImageError, match="too large"):
        make_thumbnail(large)
    side = int(MOST_PIXELS**0.5) + 1
    with pytest.raises(UnusableImageError, match="too many pixels"):
        make_thumbnail(BytesIO(png_bomb(side)))


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_never_raise_anything_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kind = ("PNG", "JPEG", "WEBP", "GIF")[seed % 4]
    data = bytearray(encoded(kind, picture((64, 64))))
    for _ in range(1 + seed % 7):
        data[rng.integers(0, len(data))] = rng.integers(0, 256)
    with suppress(UnusableImageError):
        assert is_thumbnail(make_thumbnail(BytesIO(bytes(data))))


def test_only_small_webp_are_thumbnails() -> None:
    assert not is_thumbnail(encoded("WEBP", picture((SIDE + 1, 10)))) and not is_thumbnail(None) and not is_thumbnail("RIFF")
    assert not is_thumbnail(encoded("PNG", picture((50, 50)))) and is_thumbnail(encoded("WEBP", picture((SIDE, SIDE))))
    noise = Image.fromarray(np.frombuffer(os.urandom(SIDE * SIDE * 3), np.uint8).reshape(SIDE, SIDE, 3))
    assert not is_thumbnail(encoded("WEBP", noise, lossless=True)), "larger than any that is made here"
