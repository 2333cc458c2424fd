"""Optimizers that follow a growing model."""

import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from torch import nn
from torch.nn import Parameter
from torch.optim import Optimizer

from avalanche.models.optimizer_state import move_state

__all__ = [
    "DynamicOptimizer",
    "OptimizerSync",
    "add_new_params_to_optimizer",
    "adopt_replaced",
    "reset_optimizer",
    "update_optimizer",
]

_LEFT_OUT = -1


class OptimizerSync:
    """Keeps an optimizer in step with the parameters of a model that grows.

    A parameter that was replaced under the same name takes the old one's place, and what it has of
    the old one's weights keeps its state, see :func:`move_state`. A parameter with a new name
    joins the group of its nearest relatives by name, the first of them where they differ. A
    parameter that the user left out of the optimizer stays out, and so does what is new among
    relatives that were all left out. Which groups there are and what they hold is read from the
    optimizer each time, so that it may be replaced or gain groups at any time. Linear in the
    number of parameters.

    Args:
        optimizer: built on some or all parameters of ``model``.
        model: the model as the optimizer was built on it, or its parameters by name.

    Raises:
        ValueError: the optimizer holds no parameter of the model.
    """

    def __init__(self, optimizer: Optimizer, model: nn.Module | Mapping[str, Parameter]) -> None:
        self._known = _by_name(model)
        _refuse_stranger(_group_of_id(optimizer), self._known.values())

    def order(self, optimizer: Optimizer) -> list[list[str]]:
        """Names of the parameters of every group, in order; ``""`` for one of no known name.

        An optimizer's own state goes by position, and parameters that joined later lie where they
        joined.
        """
        names = {id(p): name for name, p in self._known.items()}
        return [[names.get(id(p), "") for p in g["params"]] for g in optimizer.param_groups]

    def reorder(self, optimizer: Optimizer, order: list[list[str]]) -> None:
        """Bring the groups into an order that :meth:`order` gave.

        Raises:
            ValueError: the groups do not hold the same parameters; nothing is changed.
        """
        now = self.order(optimizer)
        if [sorted(names) for names in now] != [sorted(names) for names in order]:
            raise ValueError(
                f"the optimizer holds the parameters {now}, the saved one held {order}; build "
                "model and optimizer as they were"
            )
        named = {id(p) for p in self._known.values()}
        for group, names in zip(optimizer.param_groups, order, strict=True):
            unnamed = iter([p for p in group["params"] if id(p) not in named])
            group["params"] = [self._known[n] if n else next(unnamed) for n in names]

    def sync(
        self,
        optimizer: Optimizer,
        model: nn.Module | Mapping[str, Parameter],
        remove: bool = True,
    ) -> None:
        """Let ``optimizer`` follow what happened to ``model`` since the last call.

        Args:
            optimizer: the optimizer, or another one that was built on the model since.
            model: the model, or its parameters by name.
            remove: take parameters that the model has no more out of the optimizer.

        Raises:
            ValueError: the optimizer holds no parameter of the model, of now or of the last call.
        """
        current = _by_name(model)
        held = _group_of_id(optimizer)
        _refuse_stranger(held, [*current.values(), *self._known.values()])
        if len(current) == len(self._known) and all(
            self._known.get(name) is p for name, p in current.items()
        ):
            return
        here = {id(p) for p in current.values()}
        replaced: dict[int, Parameter] = {}
        joining: dict[int, list[Parameter]] = defaultdict(list)
        relatives = _first_by_prefix(self._groups(held, current))
        left_out = {id(p) for p in self._known.values()} - held.keys()
        gone = [p for n, p in self._known.items() if remove and n not in current]
        for name, parameter in current.items():
            old = self._known.get(name)
            if old is not None and old is not parameter and id(old) not in here:
                move_state(optimizer, old, parameter)
                if id(parameter) in held:  # of an optimizer that the user built or extended since
                    gone.append(old)
                elif id(old) in held:
                    replaced[id(old)] = parameter
            elif id(parameter) not in held and id(parameter) not in left_out:
                group = _nearest(name, relatives)
                if group != _LEFT_OUT:
                    joining[group].append(parameter)
        _rebuild(optimizer, replaced, joining, [p for p in gone if id(p) not in here])
        self._known = current

    def _groups(self, held: dict[int, int], current: dict[str, Parameter]) -> dict[str, int]:
        """Group by name, as far as names are known or held."""
        groups = {name: held.get(id(p), _LEFT_OUT) for name, p in self._known.items()}
        return groups | {n: held[id(p)] for n, p in current.items() if id(p) in held}


class DynamicOptimizer:
    """An optimizer for loops without a strategy, adapted with the agent's model.

    Args:
        optim: the optimizer.
        model: the model that it was built on.
        reset_state: forget momentum and moments at each experience.
        verbose: accepted for compatibility.
    """

    def __init__(
        self, optim: Optimizer, model: nn.Module, reset_state: bool = False, verbose: bool = False
    ) -> None:
        self.optim = optim
        self.reset_state = reset_state
        self.verbose = verbose
        self._sync = OptimizerSync(optim, model)

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self.optim.zero_grad()

    def step(self) -> None:
        """Update the parameters."""
        self.optim.step()

    def pre_adapt(self, agent: Any, exp: Any) -> None:
        """Follow ``agent.model``; assign the model to the agent before this optimizer."""
        if self.reset_state:
            self.optim.state.clear()
        self._sync.sync(self.optim, agent.model)


def update_optimizer(
    optimizer: Optimizer,
    new_params: dict[str, Parameter],
    optimized_params: dict[str, Parameter] | None = None,
    reset_state: bool = False,
    remove_params: bool = False,
    verbose: bool = False,
) -> dict[str, Parameter]:
    """Let an optimizer follow a model that has grown; for loops without a strategy.

    Args:
        optimizer: the optimizer, changed in place.
        new_params: parameters of the model now, by name.
        optimized_params: what the last call returned, or the parameters by name before the model
            grew. Without it, parameters that the optimizer does not hold count as left out on
            purpose, unless it holds some that the model has no more: then all are taken.
        reset_state: forget momentum and moments.
        remove_params: take parameters that the model has no more out of the optimizer.
        verbose: accepted for compatibility.

    Returns:
        ``new_params``, to pass as ``optimized_params`` next time.

    Example:
        >>> import torch
        >>> model = nn.Linear(2, 2)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> known = update_optimizer(optimizer, dict(model.named_parameters()))
        >>> model.weight = Parameter(torch.zeros(3, 2))
        >>> known = update_optimizer(optimizer, dict(model.named_parameters()), known)
        >>> optimizer.param_groups[0]["params"][0].shape
        torch.Size([3, 2])
    """
    if reset_state:
        optimizer.state.clear()
    if optimized_params is not None:
        OptimizerSync(optimizer, optimized_params).sync(optimizer, new_params, remove_params)
        return new_params
    now = {id(p) for p in new_params.values()}
    gone = [p for group in optimizer.param_groups for p in group["params"] if id(p) not in now]
    if gone:
        _join_relatives(optimizer, new_params, _not_held(optimizer, new_params))
        _rebuild(optimizer, {}, {}, gone)
    return new_params


def adopt_replaced(
    optimizer: Optimizer, model: nn.Module, others: Iterable[Parameter] = ()
) -> None:
    """Let an optimizer train what took the place of parameters that the model had before.

    An optimizer that holds parameters of neither the model nor ``others`` may have been built
    before layers of the model were replaced (by ``as_multitask``, by growth, by loading weights of
    a larger head). A layer of which it holds nothing joins it, with a warning, if for each of its
    parameters it holds a stranger that differs in the number of units at most. Others count as left
    out.

    Args:
        optimizer: the optimizer, changed in place.
        model: the model as it is now.
        others: parameters that it may hold beside the model's, such as those of a criterion.
    """
    parameters = _by_name(model)
    own = {id(p) for p in (*parameters.values(), *others)}
    held = [p for group in optimizer.param_groups for p in group["params"]]
    forms = {(p.dim(), p.shape[1:]) for p in held if id(p) not in own}
    layers: dict[str, list[str]] = defaultdict(list)
    for name in _not_held(optimizer, parameters) if forms else ():
        layers[name.rpartition(".")[0]].append(name)
    ids = {id(p) for p in held}
    beside = {n.rpartition(".")[0] for n, p in parameters.items() if id(p) in ids}
    missing = [
        name
        for layer, names in layers.items()
        if layer not in beside
        and all((parameters[n].dim(), parameters[n].shape[1:]) in forms for n in names)
        for name in names
        if parameters[name].requires_grad
    ]
    if not missing:
        return
    warnings.warn(
        f"optimizer: it holds parameters that the model does not have and lacks {missing}, so the "
        "model was changed after it was built; these are trained too now. Build the optimizer "
        "last, or set requires_grad to False where a parameter shall not be trained",
        stacklevel=3,
    )
    _join_relatives(optimizer, parameters, missing)


def reset_optimizer(optimizer: Optimizer, model: nn.Module) -> None:
    """Give an optimizer of one group all parameters of ``model``, and forget its state.

    Raises:
        ValueError: the optimizer has several groups.
    """
    if len(optimizer.param_groups) != 1:
        raise ValueError(
            f"optimizer: it has {len(optimizer.param_groups)} parameter groups and nothing says "
            "which parameters belong to which; build a new one"
        )
    optimizer.state.clear()
    optimizer.param_groups[0]["params"] = list(model.parameters())


def add_new_params_to_optimizer(optimizer: Optimizer, new_params: Any) -> None:
    """Train further parameters, in a group of their own with the optimizer's defaults."""
    optimizer.add_param_group({"params": new_params})


def _by_name(model: nn.Module | Mapping[str, Parameter]) -> dict[str, Parameter]:
    return dict(model.named_parameters() if isinstance(model, nn.Module) else model)


def _group_of_id(optimizer: Optimizer) -> dict[int, int]:
    """Number of the group of every parameter that an optimizer holds, by the parameter's id."""
    groups = enumerate(optimizer.param_groups)
    return {id(p): index for index, group in groups for p in group["params"]}


def _refuse_stranger(held: dict[int, int], parameters: Collection[Parameter]) -> None:
    if parameters and not any(id(p) in held for p in parameters):
        raise ValueError(
            "optimizer: it holds no parameter of this model, so training would change nothing; "
            "build it with model.parameters() of the same model"
        )


def _not_held(optimizer: Optimizer, parameters: Mapping[str, Parameter]) -> list[str]:
    held = _group_of_id(optimizer)
    return [name for name, p in parameters.items() if id(p) not in held]


def _join_relatives(
    optimizer: Optimizer, parameters: Mapping[str, Parameter], names: Iterable[str]
) -> None:
    """Put parameters into the groups of their nearest relatives by name."""
    held = _group_of_id(optimizer)
    groups = {name: held[id(p)] for name, p in parameters.items() if id(p) in held}
    relatives = _first_by_prefix(groups)
    for name in names:
        optimizer.param_groups[_nearest(name, relatives)]["params"].append(parameters[name])


def _rebuild(
    optimizer: Optimizer,
    replaced: dict[int, Parameter],
    joining: Mapping[int, list[Parameter]],
    gone: list[Parameter],
) -> None:
    """Exchange, add and take out parameters of each group; the others keep their places."""
    out = {id(p) for p in gone}
    for index, group in enumerate(optimizer.param_groups):
        kept = [replaced.get(id(p), p) for p in group["params"] if id(p) not in out]
        group["params"] = kept + joining.get(index, [])
    for parameter in gone:
        optimizer.state.pop(parameter, None)


def _first_by_prefix(groups: dict[str, int]) -> dict[str, int]:
    """For each dotted prefix, the group of the first parameter below it that has one."""
    first: dict[str, int] = {}
    for name, group in groups.items():
        parts = name.split(".")
        for end in range(len(parts)):
            prefix = ".".join(parts[:end])
            if first.get(prefix, _LEFT_OUT) == _LEFT_OUT:
                first[prefix] = group
    return first


def _nearest(name: str, relatives: dict[str, int]) -> int:
    """Group of the nearest relative of ``name``: the longest known prefix decides."""
    parts = name.split(".")
    for end in range(len(parts) - 1, -1, -1):
        group = relatives.get(".".join(parts[:end]))
        if group is not None:
            return group
    return 0
