"""Module paths of earlier releases, and the names that their scripts import from them."""

import importlib
import subprocess
import sys

import pytest

from avalanche.older_paths import OLDER_PATHS

# Path -> names that scripts of the release import from it.
IMPORTS = {
    "benchmarks": "nc_scenario ni_scenario dataset_scenario fixed_size_experience_split",
    "benchmarks.generators.benchmark_generators": "nc_benchmark ni_benchmark dataset_benchmark",
    "benchmarks.generators.scenario_generators": "nc_scenario tensor_scenario",
    "benchmarks.scenarios": "Experience ScenarioStream GenericExperience AbstractExperience",
    "benchmarks.scenarios.classification_benchmark_creation": (
        "create_multi_dataset_classification_benchmark "
        "create_classification_benchmark_from_filelists"
    ),
    "benchmarks.scenarios.generic_benchmark_creation": "create_generic_benchmark_from_paths",
    "benchmarks.scenarios.generic_cl_scenario": "GenericCLScenario GenericExperience",
    "benchmarks.scenarios.generic_definitions": "Experience ScenarioStream",
    "benchmarks.scenarios.new_classes.nc_scenario": "NCScenario NCExperience",
    "benchmarks.scenarios.new_instances.ni_scenario": "NIScenario NIExperience",
    "benchmarks.scenarios.online_scenario": "OnlineCLScenario OnlineClassificationExperience",
    "benchmarks.utils.adaptive_transform": "MultiParamCompose",
    "benchmarks.utils.avalanche_dataset": "AvalancheDataset AvalancheSubset AvalancheTensorDataset",
    "benchmarks.utils.classification_dataset": "make_classification_dataset ClassificationDataset",
    "benchmarks.utils.datasets_from_filelists": "FilelistDataset PathsDataset",
    "benchmarks.datasets.core50.core50": "CORe50Dataset",
    "benchmarks.datasets.cub200.cub200": "CUB200",
    "benchmarks.datasets.mini_imagenet.mini_imagenet": "MiniImageNetDataset",
    "benchmarks.datasets.tiny_imagenet.tiny_imagenet": "TinyImagenet",
    "benchmarks.utils.data": "make_avalanche_dataset",
    "evaluation.eval_protocol": "EvalProtocol",
    "evaluation.metric_definitions": "get_metric_name",
    "evaluation.metrics": "Loss ACC CF CM RAMU TimeUsage",
    "logging": "StrategyLogger",
    "logging.strategy_logger": "StrategyLogger",
    "models.mlp_tiny_imagenet": "SimpleMLP_TinyImageNet",
    "training.checkpoint": "save_checkpoint maybe_load_checkpoint",
    "training.plugins": "StrategyPlugin StrategyCallbacks",
    "training.storage_policy": "ClassExemplarsSelectionStrategy",
    "training.strategies.base_strategy": "BaseStrategy",
    "training.strategies.cumulative": "Cumulative",
    "training.strategies.joint_training": "JointTraining",
    "training.strategies.strategy_wrappers": "Naive Replay GDumb EWC LwF AGEM GEM CWRStar CoPE",
    "training.strategies.strategy_wrappers_online": "OnlineNaive",
    "training.templates.base_online_sgd": "BaseOnlineSGDTemplate",
    "training.templates.observation_type": "BatchObservation OnlineObservation",
    "training.templates.observation_type.batch_observation": "BatchObservation",
    "training.templates.online_supervised": "OnlineSupervisedTemplate",
    "training.templates.problem_type": "SupervisedProblem",
    "training.templates.update_type": "SGDUpdate MetaUpdate",
    "training.utils": "at_task_boundary",
}


@pytest.mark.parametrize("path", IMPORTS)
def test_names_are_under_their_older_paths(path):
    module = importlib.import_module(f"avalanche.{path}")
    assert [name for name in IMPORTS[path].split() if not hasattr(module, name)] == []


@pytest.mark.parametrize("path", OLDER_PATHS)
def test_every_older_path_leads_to_today_s_objects(path):
    module = importlib.import_module(f"avalanche.{path}")
    homes = [importlib.import_module(f"avalanche.{home}") for home in OLDER_PATHS[path]]
    assert module.__all__
    for name in module.__all__:
        assert any(getattr(home, name, None) is getattr(module, name) for home in homes)


def test_strategies_of_an_older_path_are_those_of_its_package():
    from avalanche.training import strategies
    from avalanche.training.strategies import strategy_wrappers

    assert strategy_wrappers.Naive is strategies.Naive


def test_paths_that_never_were_are_not_found():
    with pytest.raises(ModuleNotFoundError, match=r"avalanche\.training\.strategies\.naives"):
        importlib.import_module("avalanche.training.strategies.naives")
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("avalanche.benchmarks.generators.scenarios")


def test_a_fresh_python_finds_them_in_any_order():
    code = "import avalanche.benchmarks.scenarios.new_classes.nc_scenario as m; print(m.NCScenario)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "NCScenario" in done.stdout


def test_packages_of_a_project_with_the_same_names_are_its_own(tmp_path):
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "__init__.py").write_text("")
    code = """
import avalanche
try:
    from training import checkpoint
except ImportError:
    print("not found")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "not found\n"
