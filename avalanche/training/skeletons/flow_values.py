"""What a flow publishes, under the names of the supervised loop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from avalanche.training.skeletons.loaders import Pairs, as_pairs, as_taskaware

__all__ = ["FlowValues"]


class FlowValues:
    """Reads published values as fields of a supervised strategy, and publishes what is assigned.

    Args:
        strategy: the flow strategy.
        dispatcher: of the flow.
    """

    def __init__(self, strategy: Any, dispatcher: Any) -> None:
        self._strategy = strategy
        self._dispatcher = dispatcher
        self._live_output: Any = None
        self._kept: dict[str, tuple[Any, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("_strategy", "_dispatcher"):
            raise AttributeError(name)
        return getattr(self._strategy, name)

    def _get(self, name: str, *default: Any) -> Any:
        space = self._dispatcher.namespace
        if name in space:
            return space[name]
        if default:
            return default[0]
        raise RuntimeError(
            f"{name}: nothing has published it at this moment of {self._dispatcher.flow_name}; "
            f"call self.update_namespace({name}=...) in the strategy before the step"
        )

    def _name(self, train: str, test: str) -> str:
        return train if self.is_training else test

    @property
    def is_training(self) -> bool:
        """Whether this is the training flow."""
        return bool(self._dispatcher.flow_name == "training_flow")

    @property
    def is_eval(self) -> bool:
        """Whether this is the testing flow."""
        return not self.is_training

    @property
    def model(self) -> Any:
        """The model."""
        return self._strategy.model

    @model.setter
    def model(self, value: Any) -> None:
        self._strategy.model = value

    @property
    def optimizer(self) -> Any:
        """The optimizer."""
        return self._strategy.optimizer

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        self._strategy.optimizer = value

    @property
    def eval_mb_size(self) -> int:
        """Samples of a test batch."""
        return int(self._strategy.test_mb_size)

    @property
    def _criterion(self) -> Any:
        return self._strategy.criterion

    def criterion(self) -> Any:
        """Loss of the current answer."""
        return self._criterion(self.mb_output, self.mb_y)

    def forward(self) -> Any:
        """The model's answer to the current batch."""
        return self.model(self.mb_x)

    @property
    def experience(self) -> Any:
        """The step that is learnt or tested, an experience of its stream."""
        info = self._get("step_info")
        return info if self.is_training else test_experience(info, self._get("step_id", 0))

    @property
    def current_eval_stream(self) -> list[Any]:
        """The steps to test."""
        info = self._get("step_info")
        return [test_experience(info, step) for step in self._get("test_step_ids", ())]

    @property
    def _eval_streams(self) -> list[Any]:
        return []

    @property
    def adapted_dataset(self) -> Any:
        """The data set of the step, with task labels."""
        dataset = self._get(self._name("train_dataset", "test_dataset"), None)
        label = (getattr(self.experience, "task_labels", None) or [0])[0]
        return self._keep("dataset", dataset, lambda: as_taskaware(dataset, label))

    @adapted_dataset.setter
    def adapted_dataset(self, dataset: Any) -> None:
        self._publish("train_dataset", "test_dataset", as_pairs(dataset))

    @property
    def dataloader(self) -> Any:
        """What the loop iterates over."""
        return self._get(self._name("train_data_loader", "test_data_loader"))

    @dataloader.setter
    def dataloader(self, loader: Any) -> None:
        self._publish("train_data_loader", "test_data_loader", Pairs(loader))

    @property
    def mbatch(self) -> list[Any]:
        """The current batch on the device: inputs, targets, task labels."""
        x = self._get(self._name("train_mb_x", "test_mb_x"))
        y = self._get(self._name("train_mb_y", "test_mb_y"))
        return list(self._keep("mbatch", (x, y), lambda: self._on_device(x, y)))

    @mbatch.setter
    def mbatch(self, batch: Any) -> None:
        self._publish("train_mb_x", "test_mb_x", batch[0])
        self._publish("train_mb_y", "test_mb_y", batch[1])

    def _on_device(self, x: Any, y: Any) -> list[Any]:
        device = self._strategy.device
        label = (getattr(self.experience, "task_labels", None) or [0])[0]
        tasks = torch.full((len(y),), int(label), dtype=torch.int64, device=device)
        return [x.to(device), y.to(device), tasks]

    @property
    def mb_x(self) -> Any:
        """Inputs of the current batch, ``(batch, ...)``."""
        return self.mbatch[0]

    @property
    def mb_y(self) -> Any:
        """Targets of the current batch, ``(batch,)``."""
        return self.mbatch[1]

    @property
    def mb_task_id(self) -> Any:
        """Task labels of the current batch, ``(batch,)``."""
        return self.mbatch[2]

    @property
    def mb_output(self) -> Any:
        """The model's answer to the current batch, with its graph in training."""
        if not self.is_training:
            return self._get("test_logits", None)
        published = self._get("logits", None)
        live = self._live_output
        if live is None or getattr(published, "requires_grad", False):
            return published
        return live

    @mb_output.setter
    def mb_output(self, value: Any) -> None:
        self._publish("logits", "test_logits", value)

    @property
    def loss(self) -> Any:
        """The loss of the current batch."""
        found = self._get(self._name("loss", "test_loss"), None)
        if found is None:
            return torch.zeros(1, device=self._strategy.device)
        return found.to(self._strategy.device)

    @loss.setter
    def loss(self, value: Any) -> None:
        self._publish("loss", "test_loss", value)

    def stop_training(self) -> None:
        """Leave the step after this epoch."""
        self._dispatcher.publish({"training_stopped": True})

    def _publish(self, train: str, test: str, value: Any) -> None:
        self._dispatcher.publish({self._name(train, test): value})

    def _keep(self, name: str, source: Any, make: Any) -> Any:
        """What ``make`` gives, made once for one source."""
        known, value = self._kept.get(name, (None, None))
        sources = source if isinstance(source, tuple) else (source,)
        if known is None or any(a is not b for a, b in zip(known, sources, strict=True)):
            value = make()
            self._kept[name] = (sources, value)
        return value


def test_experience(step_info: Any, step_id: int) -> Any:
    """The experience of the test stream that belongs to a step."""
    stream = getattr(getattr(step_info, "benchmark", None), "test_stream", None)
    if stream is not None:
        return stream[step_id if len(stream) > 1 else 0]
    dataset, label = step_info.step_specific_test_set(step_id)
    return SimpleNamespace(
        dataset=dataset,
        current_experience=step_id,
        task_labels=[label],
        task_label=label,
        origin_stream=SimpleNamespace(name="test"),
    )


test_experience.__test__ = False  # type: ignore[attr-defined]
