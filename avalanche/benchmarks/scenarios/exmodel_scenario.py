"""Learning from trained models instead of data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from avalanche.core.experiences import CLExperience

from .generic_scenario import CLScenario
from .streams import CLStream, EagerCLStream, make_stream


class ExModelExperience(CLExperience):
    """An experience whose content is a model that somebody else has trained.

    Args:
        expert_model: the trained model.
        current_experience: number in the stream.
        origin_stream: the stream.
        classes_in_this_experience: the classes that the model was trained on, where known.

    Example:
        >>> ExModelExperience("a model", 0, None, [3, 1]).classes_in_this_experience
        [3, 1]
    """

    def __init__(
        self,
        expert_model: Any,
        current_experience: int,
        origin_stream: Any,
        classes_in_this_experience: Any = None,
    ) -> None:
        super().__init__(current_experience, origin_stream)
        self.expert_model = expert_model
        self.classes_in_this_experience = classes_in_this_experience


class ExModelCLScenario(CLScenario):
    """A stream of trained models, one for each experience of a benchmark.

    References:
        Carta et al., "Ex-Model: Continual Learning from a Stream of Trained Models",
        arXiv 2112.06511.

    Args:
        original_benchmark: the benchmark whose train stream the models were trained on.
        expert_models: the models, in the order of the experiences; may be a generator.

    Example:
        >>> from avalanche.benchmarks import SplitDigits
        >>> benchmark = ExModelCLScenario(SplitDigits(5, seed=0), ["m0", "m1", "m2", "m3", "m4"])
        >>> benchmark.expert_models_stream[4].expert_model
        'm4'
    """

    def __init__(self, original_benchmark: Any, expert_models: Iterable[Any]) -> None:
        self.original_benchmark = original_benchmark
        originals = original_benchmark.train_stream

        def experience(number: int, model: Any, original: Any) -> ExModelExperience:
            classes = getattr(original, "classes_in_this_experience", None)
            return ExModelExperience(model, number, None, classes)

        stream: CLStream[Any]
        if isinstance(expert_models, (list, tuple)):
            if len(expert_models) != len(originals):
                raise ValueError(
                    f"expert_models has {len(expert_models)} models, the train stream "
                    f"{len(originals)} experiences; expected one model per experience"
                )
            made = [
                experience(i, m, e)
                for i, (m, e) in enumerate(zip(expert_models, originals, strict=True))
            ]
            stream = EagerCLStream("expert_models", made)
        else:
            pairs = zip(expert_models, originals, strict=False)
            stream = make_stream(
                "expert_models", (experience(i, m, e) for i, (m, e) in enumerate(pairs))
            )
        super().__init__([stream])
