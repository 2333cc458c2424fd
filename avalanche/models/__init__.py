"""Models: simple networks, growing heads, one head per task."""

from avalanche.models.base_model import BaseModel
from avalanche.models.cosine_layer import CosineIncrementalClassifier, CosineLinear
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
from avalanche.models.icarl_resnet import IcarlNet, initialize_icarl_net, make_icarl_net
from avalanche.models.lenet5 import LeNet5
from avalanche.models.ncm_classifier import NCMClassifier
from avalanche.models.pnn import PNN, LinearAdapter, MLPAdapter, PNNColumn, PNNLayer
from avalanche.models.simple_cnn import MTSimpleCNN, SimpleCNN
from avalanche.models.simple_mlp import MTSimpleMLP, SimpleMLP, SimpleMLP_TinyImageNet
from avalanche.models.simple_sequence_classifier import (
    MTSimpleSequenceClassifier,
    SimpleSequenceClassifier,
)
from avalanche.models.slim_resnet18 import MTSlimResNet18, SlimResNet18
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
    "CosineIncrementalClassifier",
    "CosineLinear",
    "DynamicModule",
    "DynamicOptimizer",
    "FeatureExtractorBackbone",
    "FeatureExtractorModel",
    "Flatten",
    "IcarlNet",
    "IncrementalClassifier",
    "IncrementalMLP",
    "LeNet5",
    "LinearAdapter",
    "MLPAdapter",
    "MTSimpleCNN",
    "MTSimpleMLP",
    "MTSimpleSequenceClassifier",
    "MTSlimResNet18",
    "MultiHeadClassifier",
    "MultiHeadMLP",
    "MultiTaskModule",
    "NCMClassifier",
    "PNNColumn",
    "PNNLayer",
    "SimpleCNN",
    "SimpleMLP",
    "SimpleMLP_TinyImageNet",
    "SimpleSequenceClassifier",
    "SlimResNet18",
    "TrainEvalModel",
    "as_multitask",
    "avalanche_forward",
    "avalanche_model_adaptation",
    "initialize_icarl_net",
    "is_multi_task_module",
    "make_icarl_net",
]
