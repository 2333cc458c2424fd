"""Models: simple networks, growing heads, one head per task."""

from avalanche.models.base_model import BaseModel
from avalanche.models.dynamic_modules import (
    DynamicModule,
    IncrementalClassifier,
    MultiHeadClassifier,
    MultiTaskModule,
    TrainEvalModel,
    avalanche_model_adaptation,
)
from avalanche.models.dynamic_optimizers import DynamicOptimizer
from avalanche.models.growing_mlp import IncrementalMLP, MultiHeadMLP
from avalanche.models.helper_method import as_multitask
from avalanche.models.pnn import PNN, LinearAdapter, MLPAdapter, PNNColumn, PNNLayer
from avalanche.models.simple_cnn import MTSimpleCNN, SimpleCNN
from avalanche.models.simple_mlp import MTSimpleMLP, SimpleMLP
from avalanche.models.utils import (
    MLP,
    FeatureExtractorBackbone,
    FeatureExtractorModel,
    Flatten,
    avalanche_forward,
    is_multi_task_module,
)

__all__ = [
    "MLP",
    "PNN",
    "BaseModel",
    "DynamicModule",
    "DynamicOptimizer",
    "FeatureExtractorBackbone",
    "FeatureExtractorModel",
    "Flatten",
    "IncrementalClassifier",
    "IncrementalMLP",
    "LinearAdapter",
    "MLPAdapter",
    "MTSimpleCNN",
    "MTSimpleMLP",
    "MultiHeadClassifier",
    "MultiHeadMLP",
    "MultiTaskModule",
    "PNNColumn",
    "PNNLayer",
    "SimpleCNN",
    "SimpleMLP",
    "TrainEvalModel",
    "as_multitask",
    "avalanche_forward",
    "avalanche_model_adaptation",
    "is_multi_task_module",
]
