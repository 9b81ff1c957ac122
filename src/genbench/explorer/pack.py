"""Arrays and files in one run of bytes, as the page holds them."""

import base64
import gzip

import numpy as np

TYPES = {"uint8", "float32", "int32"}


class Pack:
    """Takes arrays and bytes, and says where the page finds them."""

    def __init__(self) -> None:
        self.content = bytearray()

    def array(self, values: np.ndarray) -> dict:
        """Keep an array, by its place, shape and type: uint8, float32 or int32."""
        if values.dtype.name not in TYPES:
            raise ValueError(f"arrays are of {', '.join(sorted(TYPES))}, got {values.dtype}")
        place = self.file(np.ascontiguousarray(values).tobytes())
        return place | {"shape": list(values.shape), "type": values.dtype.name}

    def file(self, raw: bytes) -> dict:
        """Keep bytes, by their place and number."""
        self.content += bytes(-len(self.content) % 8)
        at = len(self.content)
        self.content += raw
        return {"at": at, "bytes": len(raw)}


def zipped(raw: bytes) -> str:
    """Bytes as base64 of their gzip, which browsers can undo; equal ones give equal text."""
    return base64.b64encode(gzip.compress(raw, 9, mtime=0)).decode("ascii")
