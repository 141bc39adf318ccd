import threading

import numpy as np
import pytest

from keras_scatter import cache
from keras_scatter.cache import cached


def made(size=1):
    calls = []

    @cached
    def function(argument):
        calls.append(argument)
        return (np.zeros(size), {"more": [np.ones(size)]})

    return function, calls


def test_equal_arguments_give_the_same_result():
    function, calls = made()
    assert function(1) is function(1) and function(2) is not function(1)
    assert calls == [1, 2]


def test_the_latest_results_are_kept(monkeypatch):
    monkeypatch.setattr(cache, "ENTRIES", 2)
    function, calls = made()
    for argument in (1, 2, 1, 3, 1, 2):
        function(argument)
    assert calls == [1, 2, 3, 2]


def test_arrays_are_kept_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(cache, "BYTES", 2 * 2 * 8 * 10)
    function, calls = made(size=10)
    for argument in (1, 2, 3, 2, 1):
        function(argument)
    assert calls == [1, 2, 3, 1]
    assert len(function.results) == 2


def test_the_latest_result_may_be_larger_and_is_then_the_only_one(monkeypatch):
    monkeypatch.setattr(cache, "BYTES", 8)
    function, calls = made(size=10)
    function(1), function(1), function(2), function(2)
    assert calls == [1, 2] and len(function.results) == 1


def test_what_is_too_large_is_made_anew(monkeypatch):
    monkeypatch.setattr(cache, "LARGEST", 8)
    function, calls = made(size=10)
    function(1), function(1)
    assert calls == [1, 1] and not function.results


def test_results_cannot_be_changed():
    function, _ = made()
    with pytest.raises(ValueError, match="read-only"):
        function(1)[1]["more"][0][0] = 2.0


def test_threads_may_call_it():
    function, _ = made()
    threads = [threading.Thread(target=lambda: [function(i % 7) for i in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(function.results) == 7
