"""A flow strategy as plugins of the callback family know a strategy."""

from __future__ import annotations

from typing import Any

import torch

from avalanche.core.events import implements
from avalanche.training.skeletons.flow_values import FlowValues

__all__ = ["FlowView"]


class FlowView(FlowValues):
    """What ``strategy`` is for a callback plugin that is attached to a flow strategy.

    Reads published values under the names of the supervised loop (``mb_x`` is ``train_mb_x``,
    ``adapted_dataset`` is ``train_dataset``, ...), and publishes what the plugin assigns. Anything
    else is the strategy's own field.

    A loop of a flow computes its loss in a local variable, so a term that a plugin adds to
    ``strategy.loss`` before the backward pass cannot reach it. The view adds the gradient of that
    term itself: gradients are linear, and the loop's ``loss.backward()`` adds its own. Outputs that
    the loop published detached are taken from the model instead, with their graph.

    Args:
        strategy: the flow strategy.
        dispatcher: of the flow.
    """

    _loss_before: Any = None

    def acts(self, event: str) -> bool:
        """Whether callbacks of an event, or of later ones, need the view there."""
        later = ("after_forward", "before_backward") if event == "before_forward" else ()
        plugins = self._dispatcher.callback_plugins
        return any(implements(plugin, name) for plugin in plugins for name in (event, *later))

    def enter(self, event: str) -> None:
        """Before the callbacks of an event."""
        if event == "before_forward" and self._wants("after_forward", "before_backward"):
            self._catch_output()
        if event == "before_backward":
            self._loss_before = self._get("loss", None)

    def leave(self, event: str) -> None:
        """After the callbacks of an event."""
        if event == "before_training_iteration" and self._wants(event):
            self.optimizer.zero_grad()  # gradients that callbacks computed for themselves
        elif event == "before_backward":
            self._add_gradient()
        elif event == "after_training_iteration":
            self.release()

    def release(self) -> None:
        """Let go of graphs and data."""
        self._live_output = self._loss_before = None
        self._kept = {}

    def _wants(self, *events: str) -> bool:
        """Whether a plugin other than the strategy's own two acts at one of the events."""
        own = [getattr(self._strategy, name, None) for name in ("evaluator", "clock")]
        return any(
            implements(plugin, event)
            for plugin in self._dispatcher.callback_plugins
            if not any(plugin is other for other in own)
            for event in events
        )

    def _catch_output(self) -> None:
        def keep(module: Any, inputs: Any, output: Any) -> None:
            handle.remove()
            self._live_output = output

        handle = self.model.register_forward_hook(keep)

    def _add_gradient(self) -> None:
        before, now = self._loss_before, self._get("loss", None)
        if now is before or not torch.is_tensor(now) or before is None:
            return
        term = now - before.to(now.device)
        if term.requires_grad:
            term.sum().backward(retain_graph=True)
