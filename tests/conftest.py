"""Signals reach the processes that tests start; workers side by side leave each other a core."""

import os
import signal

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported, here and in child processes
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# a shell's background job ignores SIGINT and nohup SIGHUP, and children would inherit that;
# what has a handler is inherited as the default
signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)


def pytest_collection_modifyitems(items):
    """The longest file first, so that the other workers have the rest meanwhile."""
    items.sort(key=lambda item: item.path.name != "test_pipeline.py")
