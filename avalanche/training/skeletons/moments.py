"""Which events of the supervised loop are fired at which step of a flow."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MOMENTS", "Moment"]


@dataclass(frozen=True)
class Moment:
    """Events that are fired at a step of a flow, before the strategy's own method.

    Attributes:
        events: in order.
        main: the event together with which plugins of the flow family are called.
    """

    events: tuple[str, ...]
    main: str


def _one(event: str) -> Moment:
    return Moment((event,), event)


_SAME = (
    *("before_training_iteration", "before_forward", "after_forward", "before_backward"),
    *("after_backward", "before_update", "after_update", "after_training_iteration"),
    *("before_training", "after_training_epoch"),
)

MOMENTS: dict[str, dict[str, Moment]] = {
    "training_flow": {
        **{name: _one(name) for name in _SAME},
        "make_train_dataset": _one("before_train_dataset_adaptation"),
        "make_train_dataloader": _one("after_train_dataset_adaptation"),
        "before_training_epoch": Moment(
            ("before_training_exp", "before_training_epoch"), "before_training_epoch"
        ),
        "after_training": Moment(("after_training_exp", "after_training"), "after_training_exp"),
    },
    "testing_flow": {
        "before_testing": _one("before_eval"),
        "make_test_dataset": _one("before_eval_dataset_adaptation"),
        "make_test_dataloader": _one("after_eval_dataset_adaptation"),
        "before_testing_epoch": _one("before_eval_exp"),
        "before_test_iteration": _one("before_eval_iteration"),
        "before_test_forward": _one("before_eval_forward"),
        "after_test_forward": _one("after_eval_forward"),
        "after_test_iteration": _one("after_eval_iteration"),
        "after_step_testing": _one("after_eval_exp"),
        "after_testing": _one("after_eval"),
    },
}
