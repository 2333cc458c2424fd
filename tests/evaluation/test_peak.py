"""The thread behind the highest reading: it reads, and it always ends."""

import copy
import gc
import logging
import pickle
import threading
import time

import pytest

from avalanche.evaluation.metrics.peak import Peak


class Steps(Peak):
    """Reads what it was given, again and again the last."""

    def __init__(self, readings, every=0.001):
        super().__init__(every)
        self.readings = list(readings)

    def read(self):
        value = self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]
        if isinstance(value, Exception):
            raise value
        return value


def threads():
    return [t for t in threading.enumerate() if t.name.startswith("avalanche ")]


def soon(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.002)
    return condition()


def test_highest_reading():
    peak = Steps([3.0, 8.0, 5.0])
    assert peak.result() == 0.0
    for expected in (3.0, 8.0, 8.0):
        peak.update()
        assert peak.result() == expected
    peak.reset()
    assert peak.result() == 0.0
    peak.update()
    assert peak.result() == 5.0


def test_thread_reads_until_it_is_stopped():
    peak = Steps([1.0, 2.0, 9.0, 4.0])
    peak.start_thread()
    peak.start_thread()
    assert peak.running
    assert len(threads()) == 1
    assert all(t.daemon for t in threads())
    assert soon(lambda: peak.result() == 9.0)
    peak.stop_thread()
    peak.stop_thread()
    assert not peak.running
    assert soon(lambda: not threads())


def test_thread_ends_with_its_metric():
    peak = Steps([1.0])
    peak.start_thread()
    assert len(threads()) == 1
    del peak
    gc.collect()
    assert soon(lambda: not threads())


def test_thread_ends_when_its_reading_fails(caplog):
    peak = Steps([1.0, OSError("gone")])
    with caplog.at_level(logging.ERROR, logger="avalanche"):
        peak.start_thread()
        assert soon(lambda: not threads())
    assert "Steps stopped" in caplog.text
    peak.stop_thread()
    assert peak.result() == 1.0


def test_copies_do_not_read():
    peak = Steps([6.0], every=0.25)
    peak.update()
    peak.start_thread()
    try:
        for twin in (copy.deepcopy(peak), pickle.loads(pickle.dumps(peak))):
            assert not twin.running
            assert twin.result() == 6.0
            twin.update()
    finally:
        peak.stop_thread()


@pytest.mark.parametrize("every", [0, -1.0, float("nan")])
def test_seconds_must_be_positive(every):
    with pytest.raises(ValueError, match="every=.*: expected seconds between readings, above 0"):
        Steps([1.0], every)
