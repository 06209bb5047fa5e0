"""The search for functions in an ONNX file: ONNX Runtime writes them out in full before anything can be checked."""

FUNCTIONS = 25 << 3 | 2
"""Tag of the functions of a model in the protocol buffer of ONNX."""


def has_functions(graph: bytes) -> bool:
    """Return whether the bytes of an ONNX file have an entry for functions, which are written out when a session is opened."""
    position = 0
    while position < len(graph):
        tag, position = _read_number(graph, position)
        if tag == FUNCTIONS:
            return True
        if tag & 7 == 0:
            position = _read_number(graph, position)[1]
        elif tag & 7 == 2:
            length, position = _read_number(graph, position)
            position += length
        else:
            position += {1: 8, 5: 4}.get(tag & 7, len(graph))  # others are not read
    return False


def _read_number(data: bytes, position: int) -> tuple[int, int]:
    """Return a number of a protocol buffer, seven bits a byte, and the position behind it."""
    value = shift = 0
    while position < len(data):
        byte = data[position]
        value, shift, position = value | (byte & 127) << shift, shift + 7, position + 1
        if byte < 128 or shift > 63:
            break
    return value, position
