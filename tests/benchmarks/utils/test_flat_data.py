"""FlatData and ConstantSequence against lists."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avalanche.benchmarks.utils import ConstantSequence, FlatData


@st.composite
def trees(draw):
    lists = [list(range(10 * i, 10 * i + draw(st.integers(0, 4)))) for i in range(3)]
    pool = [(FlatData([values]), values) for values in lists]
    for _ in range(draw(st.integers(1, 10))):
        data, model = draw(st.sampled_from(pool))
        kind = draw(st.sampled_from(["subset", "concat", "slice", "constant", "add"]))
        if kind == "subset":
            index = draw(st.lists(st.integers(-len(data), len(data) - 1))) if len(data) else []
            pool.append((data.subset(index), [model[i] for i in index]))
        elif kind == "slice":
            cut = slice(draw(st.integers(-3, 3)), draw(st.integers(-3, 9)))
            pool.append((data[cut], model[cut]))
        elif kind == "constant":
            pool.append((data.concat(ConstantSequence(7, 2)), [*model, 7, 7]))
        else:
            other, other_model = draw(st.sampled_from(pool))
            joined = data + other if kind == "add" else data.concat(other)
            pool.append((joined, model + other_model))
    return pool


@given(trees())
@settings(max_examples=100, deadline=None)
def test_every_tree_equals_a_list_and_stays_flat(pool):
    for data, model in pool:
        assert list(data) == model
        assert len(data) == len(model)
        assert [data[i] for i in range(-len(model), len(model))] == model * 2
        assert not any(isinstance(part, FlatData) for part in data._lists)
        assert len({id(part) for part in data._lists}) == len(data._lists)


def test_thousands_of_steps_stay_flat():
    first, second = list(range(50)), list(range(100, 120))
    data = FlatData([first, second])
    for step in range(5000):
        data = data.concat(FlatData([second if step % 2 else first], [step % 20]))
        data = data.subset(range(1, len(data)))
    assert (len(data), len(data._lists), data._rows.nbytes) == (70, 2, 70 * 8)


def test_what_is_left_out_can_be_freed():
    class Big(list):
        pass

    big = Big(range(1000))
    alive = weakref.ref(big)
    kept = FlatData([big], [3, 1], discard_elements_not_in_indices=True)
    again = kept.subset([1])
    del big
    gc.collect()
    assert alive() is None
    assert (list(kept), list(again)) == ([3, 1], [1])


def test_opaque_data_is_not_seen_through():
    inner = FlatData([[1, 2, 3]], [2, 0], can_flatten=False)
    assert FlatData([inner], [1])._lists == [inner]
    assert inner == FlatData([inner._lists[0]], [2, 0])
    assert inner != [3, 1]
    assert len({inner, inner}) == 1
    assert "2 elements of 1 sequence" in repr(inner)


def test_constants_cost_nothing():
    ones = ConstantSequence(1, 10**9)
    assert (len(ones), ones[-1], len(ones[5:])) == (10**9, 1, 10**9 - 5)
    assert isinstance(ones.concat(ConstantSequence(1, 5)), ConstantSequence)
    assert list(ConstantSequence(1, 1).concat([2])) == [1, 2]
    assert len(ones.subset([3, 4])) == 2
    assert np.asarray(ConstantSequence(4, 2)).tolist() == [4, 4]


def test_wrong_positions_are_refused():
    with pytest.raises(IndexError, match="indices contain 3: expected values from 0 to 2"):
        FlatData([[1, 2, 3]], [0, 3])
    with pytest.raises(IndexError, match="index=3: the data has 3 elements"):
        FlatData([[1, 2, 3]])[3]
    with pytest.raises(IndexError, match="index=2: the sequence has 2 elements"):
        ConstantSequence(0, 2)[2]
    with pytest.raises(ValueError, match="size=-1: expected zero or more"):
        ConstantSequence(0, -1)
