"""Sizes of models that make no sense are refused by name, before anything is built."""

import numpy as np
import pytest

from avalanche.models import (
    PNN,
    CosineIncrementalClassifier,
    CosineLinear,
    IncrementalClassifier,
    IncrementalMLP,
    MTSimpleMLP,
    MultiHeadClassifier,
    MultiHeadMLP,
    SimpleMLP,
)

SIZES = [
    (PNN, "num_layers"),
    (PNN, "in_features"),
    (PNN, "hidden_features_per_column"),
    (SimpleMLP, "num_classes"),
    (SimpleMLP, "input_size"),
    (SimpleMLP, "hidden_size"),
    (SimpleMLP, "hidden_layers"),
    (MTSimpleMLP, "input_size"),
    (MTSimpleMLP, "hidden_size"),
    (IncrementalMLP, "input_size"),
    (IncrementalMLP, "hidden_size"),
    (IncrementalMLP, "hidden_layers"),
    (MultiHeadMLP, "hidden_layers"),
    (IncrementalClassifier, "in_features"),
    (MultiHeadClassifier, "in_features"),
    (CosineIncrementalClassifier, "in_features"),
]


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", None, True], ids=repr)
@pytest.mark.parametrize(("model", "name"), SIZES, ids=lambda v: getattr(v, "__name__", v))
def test_what_is_no_size_is_refused_by_name(model, name, value):
    with pytest.raises(ValueError, match=f"^{name}={value!r}: expected a whole number of at least"):
        model(**{name: value})


@pytest.mark.parametrize("value", [-1, 1.5, "2"], ids=repr)
@pytest.mark.parametrize(
    ("model", "name"),
    [
        (IncrementalClassifier, "initial_out_features"),
        (IncrementalMLP, "num_classes"),
        (MultiHeadClassifier, "initial_out_features"),
        (CosineIncrementalClassifier, "num_classes"),
        (CosineLinear, "out_features"),
    ],
    ids=lambda v: getattr(v, "__name__", v),
)
def test_what_is_no_number_of_units_is_refused_by_name(model, name, value):
    with pytest.raises(ValueError, match=f"^{name}={value!r}: expected a whole number of at least"):
        model(**({} if model is IncrementalMLP else {"in_features": 3}), **{name: value})


def test_whole_numbers_of_numpy_are_sizes():
    assert SimpleMLP(np.int64(3), np.int64(4), np.int64(5)).classifier.out_features == 3
