"""Other Python threads go on while compiled code runs."""

import contextlib
import sys
import threading
import time

import numpy as np
import pytest


@contextlib.contextmanager
def counting():
    """A function that says how often another thread has been at work. Nobody takes the
    interpreter's lock from who has it, so that the thread comes to work when it is let go alone."""
    count = 0
    done = False

    def work():
        nonlocal count
        while not done:
            count += 1
            time.sleep(0)

    thread = threading.Thread(target=work)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(3600)
    try:
        thread.start()
        yield lambda: count
    finally:
        done = True
        sys.setswitchinterval(interval)
        thread.join()


def is_let_go(call, seconds: float = 60) -> bool:
    """Whether another thread is at work during a call, which is made again and again until the
    other thread has been fast enough."""
    end = time.monotonic() + seconds
    with counting() as count:
        while time.monotonic() < end:
            before = count()
            call()
            if count() > before:
                return True
    return False


def test_what_keeps_the_lock():
    assert not is_let_go(lambda: sum(range(1000)), seconds=0.5)


@pytest.mark.parametrize("operation", ["save", "restore", "prefill", "prefill_all"])
def test_what_lets_go_of_the_lock(shakespeare, operation):
    # What is beneath ternary.Session, whose use of NumPy lets go of the lock as well.
    with shakespeare.session() as session:
        compiled = session._session
        ids = np.full((1, 256), 5, np.int32)
        session.prefill(ids[0])
        saved = compiled.save()
        arguments = {"restore": [saved], "prefill": [ids, False], "prefill_all": [ids]}
        function = getattr(compiled, operation)
        assert is_let_go(lambda: function(*arguments.get(operation, [])))
