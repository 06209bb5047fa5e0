"""Small WebP copies of pictures, made once when data is prepared: whatever the file is, only decoded pixels are kept of it."""

from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from recsys.core import Dataset

if TYPE_CHECKING:
    from PIL import Image

SIDE = 160
"""The longer side of a thumbnail in pixels: twice that of the largest card."""
MOST_BYTES = 25_000_000
"""A larger file is not opened."""
MOST_PIXELS = 40_000_000
"""A picture with more is not decoded."""
MOST_THUMBNAIL_BYTES = 64_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_QUALITY = 82


class UnusableImageError(ValueError):
    """A file of which no thumbnail is made: too large, damaged, or not a JPEG, PNG, WebP or GIF."""


def make_thumbnail(source: Path | IO[bytes]) -> bytes:
    """Return the thumbnail of a picture, of an animation that of its first frame. Anything else is a UnusableImageError.

    The format is that of the content, not of the name. Metadata, such as the place where a photo was taken, is left out.
    """
    from PIL import Image, ImageOps

    try:
        if isinstance(source, Path) and source.stat().st_size > MOST_BYTES:
            raise UnusableImageError("the file is too large")
        with Image.open(source, formats=_FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise UnusableImageError("the picture has too many pixels")
            image.draft("RGB", (2 * SIDE, 2 * SIDE))  # a large JPEG is decoded at an eighth of its size
            image.load()
            upright = ImageOps.exif_transpose(image)
            small = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            small.thumbnail((SIDE, SIDE))
        plain = Image.new("RGB", small.size, "white")
        plain.paste(small, mask=small if small.mode == "RGBA" else None)
        return encode_thumbnail(plain)
    except UnusableImageError:
        raise
    except Exception as error:  # of damaged files, Pillow's readers raise errors of a dozen kinds
        raise UnusableImageError(str(error)) from error


def encode_thumbnail(image: "Image.Image") -> bytes:
    """Return a picture of at most SIDE by SIDE as WebP, without metadata."""
    out = BytesIO()
    image.save(out, "WEBP", quality=_QUALITY, method=4, icc_profile=b"", exif=b"", xmp=b"")
    return out.getvalue()


def is_thumbnail(data: object) -> bool:
    """Return whether this is a WebP of the size of a thumbnail; its head is read, its pixels are not."""
    from PIL import Image

    if not isinstance(data, bytes) or len(data) > MOST_THUMBNAIL_BYTES:
        return False
    try:
        with Image.open(BytesIO(data), formats=("WEBP",)) as image:
            return max(image.size) <= SIDE
    except Exception:  # as above
        return False


def load_thumbnail(dataset: Dataset, item: str) -> bytes | None:
    """Return the thumbnail of an item as WebP; None where it has none, or where what the folder of the dataset holds is not one."""
    data = dataset.images.get(item)
    return data if is_thumbnail(data) else None
