"""Tests run as on a user's machine: bytecode is written, signals arrive, a worker has one core."""

import os
import signal

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported, here and in child processes
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Python writes bytecode beside its sources unless told not to; DVC must not take it for code
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# a shell's background job ignores SIGINT and nohup SIGHUP, and children would inherit that;
# what has a handler is inherited as the default
signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)


def pytest_collection_modifyitems(items):
    """The longest file first, so that the other workers have the rest meanwhile."""
    items.sort(key=lambda item: item.path.name != "test_pipeline.py")
