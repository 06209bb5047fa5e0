"""Pictures of items: the files that may be read, small WebP copies of them, and addresses that browsers may load."""

from recsys.item_images.image_names import find_image_file, is_image_name, is_secure_address, is_web_address
from recsys.item_images.thumbnails import SIDE, UnusableImageError, is_thumbnail, load_thumbnail, make_thumbnail

__all__ = [
    "SIDE",
    "UnusableImageError",
    "find_image_file",
    "is_image_name",
    "is_secure_address",
    "is_thumbnail",
    "is_web_address",
    "load_thumbnail",
    "make_thumbnail",
]
