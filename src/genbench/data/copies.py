"""Images of a dataset that are equal, pixel by pixel."""

from hashlib import sha256

import numpy as np


def describe_copies(train: np.ndarray, val: np.ndarray, test: np.ndarray) -> str:
    """How many images are copies of others, in words; "" if none is.

    An image that is there k times has k - 1 copies.

    train, val, test : (N, C, H, W) uint8
    """
    in_train, in_val, in_test = (
        [sha256(image.tobytes()).digest() for image in x] for x in (train, val, test)
    )
    n = len(in_train) + len(in_val) + len(in_test)
    n_copies = n - len({*in_train, *in_val, *in_test})
    if n_copies == 0:
        return ""
    trained = set(in_train)
    n_seen = sum(image in trained for image in in_test)
    return (
        f"{n_copies:,} of {n:,} images are copies of others;"
        f" {n_seen:,} of {len(test):,} test images are training images too."
    )
