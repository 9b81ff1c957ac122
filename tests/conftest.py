"""Signals reach the processes that tests start, also where the tests run in the background."""

import signal

# a shell's background job ignores SIGINT and nohup SIGHUP, and children would inherit that;
# what has a handler is inherited as the default
signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)
