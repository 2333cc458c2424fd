"""What running a step calls: the event engine of the library with the namespaces of a flow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from avalanche.core.events import Dispatcher, bind, implements
from avalanche.training.skeletons.checks import check_plugin_steps
from avalanche.training.skeletons.flow_view import FlowView
from avalanche.training.skeletons.moments import MOMENTS
from avalanche.training.skeletons.namespace import Namespace
from avalanche.training.skeletons.strategy_parts import is_part, raw_method

__all__ = ["FlowDispatcher"]

Call = Callable[[Mapping[str, Any]], Any]
_ONCE = ("before_training_exp",)


class FlowDispatcher(Dispatcher):
    """Resolves the steps of one flow: plugins' methods first, then the strategy's own.

    Args:
        owner: the strategy.
        flow_name: the flow.
        hidden: types of values that are no fields for steps.

    Attributes:
        frames: arguments of the calls on the stack.
        namespace: all values that steps can ask for.
        flow_plugins: attached modules with decorated methods, in calling order.
        callback_plugins: attached modules with callbacks ``(strategy, **kwargs)``; they get a
            :class:`FlowView` as the strategy.
    """

    def __init__(self, owner: Any, flow_name: str, hidden: tuple[type, ...] = ()) -> None:
        self.flow_name = flow_name
        self.hidden = hidden
        self.frames: list[dict[str, Any]] = []
        self.flow_plugins: list[Any] = []
        self.callback_plugins: list[Any] = []
        self._given: dict[str, Any] = {}
        self._fired_once: set[str] = set()
        self._steps: dict[str, tuple[Call, ...]] = {}
        super().__init__(owner, ())
        self.namespace = Namespace(self.frames, self.results, self._holders, hidden)
        self.view = FlowView(owner, self)
        self._callbacks = Dispatcher(self.view, ())
        self._callbacks.results = self.results

    def __getstate__(self) -> dict[str, Any]:
        return {"owner": self.owner, "flow_name": self.flow_name, "hidden": self.hidden}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def _holders(self) -> list[object]:
        owner: Any = self.owner
        return [*owner.namespace_holders(), *self.flow_plugins]

    def attach(self, modules: Sequence[object], in_tree: Iterable[str] = ()) -> None:
        """Follow the plugins and forget what was resolved.

        Raises:
            ValueError: a plugin has a step that the flow does not call.
        """
        flat = list(_with_their_plugins(modules))
        self.flow_plugins = [m for m in flat if hasattr(m, "_running_flows")]
        self.callback_plugins = [m for m in flat if not hasattr(m, "_running_flows")]
        for plugin in self.flow_plugins:
            check_plugin_steps(plugin, self.owner, self.flow_name, in_tree)
        self.modules = tuple(flat)
        self._steps = {}

    # ---------------------------------------------------------------- a run

    def begin(self, arguments: dict[str, Any]) -> None:
        """Start with these arguments and no results."""
        self.frames[:] = [dict(arguments)]
        self.results.clear()
        self._given = {k: v for k, v in arguments.items() if k not in ("step_info", "dataset_part")}
        self._fired_once.clear()

    def end(self) -> None:
        """Forget arguments and results."""
        self.frames.clear()
        self.results.clear()
        self._given = {}
        self.view.release()

    def publish(self, values: Mapping[str, Any]) -> None:
        """Make values results; arguments of the same names are discarded."""
        for frame in self.frames:
            for name in values:
                frame.pop(name, None)
        self.results.update(values)

    def run(self, name: str) -> Any:
        """Call everything of that name; gives what the last one gave."""
        calls = self._steps.get(name)
        if calls is None:
            calls = self._steps[name] = self._resolve_step(name)
        result = None
        for call in calls:
            result = call(self.namespace)
        return result

    def run_one(self, method: Callable[..., Any]) -> Any:
        """Call one method with the values that it asks for."""
        return bind(method, self, passes_strategy=False)(self.namespace)

    def lookup(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Value of ``name`` in the namespace.

        Raises:
            TypeError: nothing provides it; the message lists what is available.
        """
        try:
            return arguments[name]
        except KeyError:
            raise TypeError(
                f"a step of {self.flow_name} asks for {name!r} and nothing provides it; "
                f"available here: {', '.join(arguments)}"
            ) from None

    # ------------------------------------------------------------ resolving

    def _resolve_step(self, name: str) -> tuple[Call, ...]:
        moment = MOMENTS.get(self.flow_name, {}).get(name)
        calls: list[Call] = []
        for event in moment.events if moment else (None,):
            phase = [
                call
                for module in self.modules
                for call in self._calls_of(
                    module, name, event, moment is None or event == moment.main
                )
            ]
            if event and self.view.acts(event):
                phase = self._with_view(event, phase)
            calls += phase
        own = getattr(self.owner, name, None)
        if is_part(own, self.flow_name) and implements(self.owner, name):
            calls.append(bind(raw_method(own, self.owner), self, passes_strategy=False))
        return tuple(calls)

    def _calls_of(self, module: Any, name: str, event: str | None, main: bool) -> Iterator[Call]:
        if hasattr(module, "_running_flows"):
            method = getattr(module, name, None)
            if main and is_part(method, self.flow_name):
                yield bind(raw_method(method, module), self, passes_strategy=False)
        elif event and implements(module, event):
            call = bind(getattr(module, event), self._callbacks, passes_strategy=True)
            yield lambda _: call(self._given)

    def _with_view(self, event: str, calls: list[Call]) -> list[Call]:
        """The calls of an event, with what the view does before and after them."""

        def enter(_: Any) -> None:
            self.view.enter(event)

        def leave(_: Any) -> None:
            self.view.leave(event)

        phase = [enter, *calls, leave]
        if event not in _ONCE:
            return phase

        def once(namespace: Mapping[str, Any]) -> None:
            if event not in self._fired_once:
                self._fired_once.add(event)
                for call in phase:
                    call(namespace)

        return [once]


def _with_their_plugins(modules: Sequence[Any]) -> Iterator[Any]:
    """Every module after the plugins that it has itself."""
    for module in modules:
        if hasattr(module, "_running_flows"):
            yield from _with_their_plugins(module.plugins)
        yield module
