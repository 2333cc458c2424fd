"""Streams of environments for reinforcement learning; needs gymnasium (or the older gym)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import torch

from avalanche.core.experiences import CLExperience

from .generic_scenario import CLScenario
from .streams import LazyCLStream

__all__ = ["RLExperience", "RLScenario"]

Wrapper = Callable[[Any], Any]


def gym_module() -> Any:
    """The gymnasium module, or the older gym.

    Raises:
        ModuleNotFoundError: if neither is installed, saying what to install.
    """
    for name in ("gymnasium", "gym"):
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
    raise ModuleNotFoundError(
        "reinforcement learning needs gymnasium, which is not installed; run "
        "`pip install avalanche-lib[rl]` or `pip install gymnasium`",
        name="gymnasium",
    )


class RLExperience(CLExperience):
    """An experience with an environment, made when it is first read.

    Args:
        current_experience: number in the stream.
        origin_stream: the stream.
        env: the environment, its registered name, or a function that makes it.
        n_envs: number of parallel copies; with more than one, ``environment`` is a vector of
            them.
        task_label: the task label, where the stream has one per experience.
        wrappers: put around every copy, first to last.
    """

    def __init__(
        self,
        current_experience: int | None,
        origin_stream: Any,
        env: Any,
        n_envs: int = 1,
        task_label: int | None = None,
        wrappers: Sequence[Wrapper] = (),
    ) -> None:
        super().__init__(current_experience, origin_stream)
        if n_envs < 1:
            raise ValueError(f"n_envs={n_envs}: expected at least one copy of the environment")
        if n_envs > 1 and not isinstance(env, str) and not callable(env):
            raise ValueError(
                f"n_envs={n_envs} with one made environment: expected a name or a function, so "
                "that copies can be made"
            )
        self._env = env
        self.n_envs = n_envs
        self.task_label = task_label
        self._wrappers = list(wrappers)
        self._made: Any = None

    @property
    def task_labels(self) -> list[int]:
        """The task label as a list; empty where there is none."""
        return [] if self.task_label is None else [self.task_label]

    @property
    def environment(self) -> Any:
        """The environment, or a vector of environments."""
        if self._made is None:
            if self.n_envs == 1:
                self._made = self._one()
            else:
                vector = import_module(f"{gym_module().__name__}.vector")
                self._made = vector.SyncVectorEnv([self._one for _ in range(self.n_envs)])
        return self._made

    def _one(self) -> Any:
        made = self._env
        if isinstance(made, str):
            made = gym_module().make(made)
        elif callable(made) and not hasattr(made, "step"):
            made = made()
        for wrapper in self._wrappers:
            made = wrapper(made)
        return made


class RLScenario(CLScenario):
    """Environments one after the other: streams ``train`` and ``eval``.

    Args:
        envs: environments, registered names or functions that make them; one per experience.
        n_parallel_envs: parallel copies, one number or one per experience.
        eval_envs: environments of the eval stream; by default those of the train stream, each
            once.
        wrappers_generators: wrappers by registered name of the environment.
        task_labels: whether every different environment has a task label of its own.
        shuffle: whether the order of ``envs`` is random, drawn from torch's global generator.

    Raises:
        ModuleNotFoundError: if neither gymnasium nor gym is installed.
        ValueError: if there are no environments or the numbers of copies do not fit.
    """

    def __init__(
        self,
        envs: Sequence[Any],
        n_parallel_envs: int | Sequence[int],
        eval_envs: Sequence[Any] | None = None,
        wrappers_generators: Mapping[str, Sequence[Wrapper]] | None = None,
        task_labels: bool = True,
        shuffle: bool = False,
    ) -> None:
        gym_module()
        envs = list(envs)
        if not envs:
            raise ValueError("envs=[]: expected at least one environment")
        copies = (
            [n_parallel_envs] * len(envs)
            if isinstance(n_parallel_envs, int)
            else list(n_parallel_envs)
        )
        if len(copies) != len(envs) or min(copies) < 1:
            raise ValueError(
                f"n_parallel_envs={copies}: expected a number above zero, or one for each of the "
                f"{len(envs)} environments"
            )
        if shuffle:
            order = torch.randperm(len(envs)).tolist()
            envs, copies = [envs[i] for i in order], [copies[i] for i in order]
        self.n_experiences = len(envs)
        different = _different([*envs, *(eval_envs or ())])
        wrappers = dict(wrappers_generators or {})

        def make(known: Sequence[Any], numbers: Sequence[int], i: int) -> RLExperience:
            env = known[i]
            label = next(k for k, d in enumerate(different) if _same(d, env))
            around = wrappers.get(env if isinstance(env, str) else "", ())
            return RLExperience(i, None, env, numbers[i], label if task_labels else None, around)

        evals = _different(envs) if eval_envs is None else list(eval_envs)
        super().__init__(
            [
                LazyCLStream("train", partial(make, envs, copies), len(envs)),
                LazyCLStream("eval", partial(make, evals, [1] * len(evals)), len(evals)),
            ]
        )


def _same(a: Any, b: Any) -> bool:
    return a is b or (isinstance(a, str) and a == b)


def _different(envs: Sequence[Any]) -> list[Any]:
    found: list[Any] = []
    for env in envs:
        if not any(_same(env, known) for known in found):
            found.append(env)
    return found
