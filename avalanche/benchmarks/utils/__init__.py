"""The data layer: immutable dataset views, their attributes and transforms, and the loaders."""

from .classification_dataset import (
    ClassificationDataset,
    TaskAwareClassificationDataset,
    TaskAwareSupervisedClassificationDataset,
    _make_taskaware_classification_dataset,
    _make_taskaware_tensor_classification_dataset,
    _taskaware_classification_subset,
    as_classification_dataset,
    as_taskaware_classification_dataset,
)
from .collate_functions import (
    classification_collate_mbatches_fn,
    classification_single_values_collate_mbatches_fn,
    detection_collate_fn,
    detection_collate_mbatches_fn,
)
from .data import AvalancheDataset
from .data_attribute import DataAttribute, TaskLabels, TensorDataAttribute
from .detection_dataset import (
    DetectionDataset,
    SupervisedDetectionDataset,
    concat_detection_datasets,
    detection_subset,
    make_detection_dataset,
)
from .file_datasets import (
    FilelistDataset,
    PathsDataset,
    common_paths_root,
    datasets_from_filelists,
    datasets_from_paths,
    default_flist_reader,
    default_image_loader,
)
from .flat_data import ConstantSequence
from .pipeline import Part
from .task_set import TaskSet
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
    "DetectionDataset",
    "EmptyTransformGroups",
    "FilelistDataset",
    "MultiParamTransform",
    "Part",
    "PathsDataset",
    "SupervisedDetectionDataset",
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
    "classification_collate_mbatches_fn",
    "classification_single_values_collate_mbatches_fn",
    "common_paths_root",
    "concat_datasets",
    "concat_detection_datasets",
    "datasets_from_filelists",
    "datasets_from_paths",
    "default_flist_reader",
    "default_image_loader",
    "detection_collate_fn",
    "detection_collate_mbatches_fn",
    "detection_subset",
    "find_common_transforms_group",
    "make_avalanche_dataset",
    "make_detection_dataset",
    "tensor_as_list",
    "view_from_state",
    "view_state",
]
