"""Models: simple networks, growing heads, one head per task."""

from avalanche.models.base_model import BaseModel
from avalanche.models.dynamic_modules import (
    DynamicModule,
    IncrementalClassifier,
    MultiHeadClassifier,
    MultiTaskModule,
    avalanche_model_adaptation,
)
from avalanche.models.dynamic_optimizers import DynamicOptimizer
from avalanche.models.growing_mlp import IncrementalMLP, MultiHeadMLP
from avalanche.models.pnn import PNN, LinearAdapter, MLPAdapter, PNNColumn, PNNLayer
from avalanche.models.simple_mlp import MTSimpleMLP, SimpleMLP
from avalanche.models.utils import (
    FeatureExtractorBackbone,
    avalanche_forward,
    is_multi_task_module,
)

__all__ = [
    "PNN",
    "BaseModel",
    "DynamicModule",
    "DynamicOptimizer",
    "FeatureExtractorBackbone",
    "IncrementalClassifier",
    "IncrementalMLP",
    "LinearAdapter",
    "MLPAdapter",
    "MTSimpleMLP",
    "MultiHeadClassifier",
    "MultiHeadMLP",
    "MultiTaskModule",
    "PNNColumn",
    "PNNLayer",
    "SimpleMLP",
    "avalanche_forward",
    "avalanche_model_adaptation",
    "is_multi_task_module",
]
