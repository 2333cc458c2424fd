"""What an experience shows to whom."""

import pytest
import torch

from avalanche.benchmarks import (
    CLExperience,
    ExperienceAttribute,
    MaskedAttributeError,
    SplitDigits,
    dataset_benchmark,
)
from avalanche.benchmarks.utils import _make_taskaware_tensor_classification_dataset


def test_learners_do_not_see_the_position_in_the_stream():
    experience = SplitDigits(5, seed=0).train_stream[2]
    assert experience.current_experience == 2
    for learner in (experience.train(), experience.eval()):
        with pytest.raises(MaskedAttributeError, match="current_experience is hidden"):
            _ = learner.current_experience
        assert learner.logging().current_experience == 2
        assert learner.task_label == 0
        assert len(learner.classes_in_this_experience) == 2
        with learner.no_attribute_masking():
            assert learner.current_experience == 2
        assert learner.are_attributes_masked
    assert experience.current_experience == 2


def test_a_masked_field_of_the_user_obeys_the_mode():
    experience = CLExperience(0, None)
    experience.hint = ExperienceAttribute(5, use_in_train=True)
    assert experience.train().hint == 5
    with pytest.raises(MaskedAttributeError, match="in eval mode"):
        _ = experience.eval().hint
    experience.hint = 6
    assert experience.train().hint == 6
    with pytest.raises(MaskedAttributeError, match="hint"):
        _ = experience.eval().hint


def test_fields_can_be_masked_later():
    experience = CLExperience(0, None)
    experience.size = 3
    experience._as_attributes("size", use_in_eval=True)
    assert experience.eval().size == 3
    with pytest.raises(MaskedAttributeError, match="size is hidden in train mode"):
        _ = experience.train().size
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = experience.nothing


def test_replacing_the_dataset_changes_one_experience_object_only():
    stream = SplitDigits(5, seed=0).train_stream
    experience = stream[0]
    before = len(experience.dataset)
    experience.dataset = experience.dataset.subset([0, 1])
    assert len(experience.dataset) == 2
    assert len(stream[0].dataset) == before


def test_several_task_labels_are_no_single_one():
    experience = SplitDigits(5, seed=0, return_task_id=True).train_stream[3]
    assert (experience.task_label, experience.task_labels) == (3, [3])
    x, y = torch.zeros(3, 2), torch.tensor([0, 1, 1])
    mixed = _make_taskaware_tensor_classification_dataset(x, y, task_labels=[2, 1, 1])
    experience = dataset_benchmark([mixed], [mixed]).train_stream[0]
    assert experience.task_labels == [1, 2]
    with pytest.raises(ValueError, match=r"task labels \[1, 2\]"):
        _ = experience.task_label
