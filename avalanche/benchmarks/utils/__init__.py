"""The data layer: immutable dataset views, their attributes and transforms, and the loaders."""

from .classification_dataset import (
    ClassificationDataset,
    TaskAwareClassificationDataset,
    TaskAwareSupervisedClassificationDataset,
    TaskSet,
    _make_taskaware_classification_dataset,
    _make_taskaware_tensor_classification_dataset,
    _taskaware_classification_subset,
    as_classification_dataset,
    as_taskaware_classification_dataset,
)
from .data import AvalancheDataset
from .data_attribute import DataAttribute, TaskLabels, TensorDataAttribute
from .flat_data import ConstantSequence
from .pipeline import Part
from .transform_groups import (
    DefaultTransformGroups,
    EmptyTransformGroups,
    TransformGroups,
    XTransformDef,
    YTransformDef,
)
from .transforms import BatchTransform, MultiParamTransform, TupleTransform
from .utils import (
    as_avalanche_dataset,
    concat_datasets,
    find_common_transforms_group,
    make_avalanche_dataset,
    tensor_as_list,
)
from .view_state import view_from_state, view_state

__all__ = [
    "AvalancheDataset",
    "BatchTransform",
    "ClassificationDataset",
    "ConstantSequence",
    "DataAttribute",
    "DefaultTransformGroups",
    "EmptyTransformGroups",
    "MultiParamTransform",
    "Part",
    "TaskAwareClassificationDataset",
    "TaskAwareSupervisedClassificationDataset",
    "TaskLabels",
    "TaskSet",
    "TensorDataAttribute",
    "TransformGroups",
    "TupleTransform",
    "XTransformDef",
    "YTransformDef",
    "_make_taskaware_classification_dataset",
    "_make_taskaware_tensor_classification_dataset",
    "_taskaware_classification_subset",
    "as_avalanche_dataset",
    "as_classification_dataset",
    "as_taskaware_classification_dataset",
    "concat_datasets",
    "find_common_transforms_group",
    "make_avalanche_dataset",
    "tensor_as_list",
    "view_from_state",
    "view_state",
]
