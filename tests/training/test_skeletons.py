"""Flows: trees, order of calls, namespaces and their life-time."""

import copy
from contextlib import nullcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avalanche.core import SupervisedPlugin
from avalanche.training.skeletons import (
    FlowGroup,
    StrategyFlow,
    StrategySkeleton,
    StrategyTemplate,
    TestingFlow,
    TrainingFlow,
    make_strategy_part_decorator,
)

NAMES = ["alpha", "beta", "gamma"]


class Loop(StrategySkeleton):
    """One step whose body a test sets."""

    def __init__(self, body=None):
        super().__init__()
        self._body = body
        self._log = []
        self.training_flow.append_part_list(["step"])

    @TrainingFlow
    def step(self, **kwargs):
        self._log.append(kwargs)
        if self._body is not None:
            self._body(self)

    @TrainingFlow
    def inner(self, **kwargs):
        self._log.append(kwargs)

    @TrainingFlow
    def wants(self, alpha, beta="default"):
        self._log.append((alpha, beta))

    def unmarked(self):
        """No step."""


def named(number, log):
    """A plugin that notes its number."""

    class Plugin(StrategySkeleton):
        @TrainingFlow
        def step(self):
            log.append(number)

    return Plugin()


# ------------------------------------------------------------------------- order


@given(st.lists(st.integers(0, 9), unique=True, max_size=6), st.data())
@settings(max_examples=40, deadline=None)
def test_plugins_are_called_in_order_of_attachment_and_before_the_strategy(numbers, data):
    log = []
    loop = Loop(lambda self: log.append("own"))
    expected = []
    for number in numbers:
        plugin = named(number, log)
        if data.draw(st.booleans()):  # a plugin's own plugins come before it
            plugin.add_plugin(named(-number - 1, log))
            expected.append(-number - 1)
        expected.append(number)
        data.draw(st.sampled_from([loop.add_plugin, loop.add_module]))(plugin)
    loop.training_flow()
    assert log == [*expected, "own"]


def test_callback_plugins_keep_their_place_among_the_others():
    log = []

    class Template(StrategyTemplate):
        def __init__(self):
            super().__init__()
            self.training_flow.append_part_list(["after_training"])

        @TrainingFlow
        def after_training(self):
            log.append("own")

    class Callback(SupervisedPlugin):
        def __init__(self, name):
            self.name = name

        def after_training_exp(self, strategy, **kwargs):
            log.append((self.name, "exp"))

        def after_training(self, strategy, **kwargs):
            log.append((self.name, "all"))

    class Flow(StrategySkeleton):
        @TrainingFlow
        def after_training(self):
            log.append("flow")

    strategy = Template()
    for plugin in (Callback("a"), Flow(), Callback("b")):
        strategy.add_plugin(plugin)
    strategy.train("step")
    assert log == [("a", "exp"), "flow", ("b", "exp"), ("a", "all"), ("b", "all"), "own"]


def test_super_calls_do_not_call_plugins_again():
    log = []

    class Further(Loop):
        @TrainingFlow
        def step(self, alpha):
            super().step()
            log.append(alpha)

    loop = Further(lambda self: log.append("base"))
    loop.add_plugin(named(1, log))
    loop.training_flow(alpha=2)
    assert log == [1, "base", 2]


# -------------------------------------------------------------------- namespaces


@given(
    st.dictionaries(st.sampled_from(NAMES), st.just("argument")),
    st.dictionaries(st.sampled_from(NAMES), st.just("inner argument")),
    st.dictionaries(st.sampled_from(NAMES), st.just("result")),
    st.dictionaries(st.sampled_from(NAMES), st.just("field")),
    st.dictionaries(st.sampled_from(NAMES), st.just("plugin")),
)
@settings(max_examples=60, deadline=None)
def test_precedence(arguments, inner, results, fields, of_plugin):
    def body(self):
        self.update_namespace(**results)
        self.inner(**inner)

    loop, plugin = Loop(body), StrategySkeleton()
    vars(loop).update(fields)
    vars(plugin).update(of_plugin)
    loop.add_plugin(plugin)
    loop.training_flow(**arguments)
    # Publishing discards arguments that were given before; those of the call come first again.
    before = {k: v for k, v in arguments.items() if k not in results}
    assert loop._log[1] == {**of_plugin, **fields, **results, **before, **inner}


@given(st.dictionaries(st.sampled_from(NAMES), st.integers()), st.booleans())
@settings(max_examples=40, deadline=None)
def test_results_and_arguments_end_with_the_run(values, fails):
    def body(self):
        self.update_namespace(**values)
        self.inner()
        if fails:
            raise RuntimeError("stopped")

    loop = Loop(body)
    expected = pytest.raises(RuntimeError, match="stopped") if fails else nullcontext()
    with expected:
        loop.training_flow(zeta=1)
    assert loop._log[-1] == {**values, "zeta": 1}
    assert not loop.training_flow.is_running()
    assert loop.training_flow.get_results_namespace() == {}
    assert loop.training_flow.get_flattened_kwargs() == {}
    loop._body = None
    loop.training_flow()
    assert loop._log[-1] == {}


def test_plugins_share_results():
    class Publisher(StrategySkeleton):
        @TrainingFlow
        def step(self):
            assert self.is_training()
            assert not self.is_testing()
            self.update_namespace(alpha=5)

    loop = Loop()
    loop.add_plugin(Publisher())
    loop.training_flow(alpha=1)
    assert loop._log == [{"alpha": 5}]


def test_underscores_flows_and_methods_are_hidden():
    loop = Loop()
    loop.group = FlowGroup("Group")
    loop.other_flow = StrategyFlow(loop, "other_flow", "Other")
    loop.training_flow()
    assert loop._log == [{}]


def test_defaults_stay_and_explicit_arguments_override():
    loop = Loop(lambda self: (self.wants(), self.wants(7), self.wants(beta=8)))
    loop.training_flow(alpha=1)
    assert loop._log[1:] == [(1, "default"), (7, "default"), (1, 8)]


def test_a_missing_value_lists_what_there_is():
    loop = Loop(lambda self: self.wants())
    loop.visible = 1
    with pytest.raises(TypeError, match="asks for 'alpha'.*available here: beta, visible"):
        loop.training_flow(beta=2)


def test_arguments_that_nobody_asks_for():
    class Strict(StrategySkeleton):
        def __init__(self):
            super().__init__()
            self.training_flow.append_part_list(["step"])

        @TrainingFlow
        def step(self, num_workers=0):
            self.seen = num_workers

    strict = Strict()
    with pytest.raises(TypeError, match="'num_worker'.*did you mean num_workers"):
        strict.training_flow(num_worker=1)
    strict.training_flow(num_workers=3)
    assert strict.seen == 3


def test_outside_a_run_steps_are_ordinary_methods():
    loop = Loop()
    loop.update_namespace(alpha=1)
    loop.wants(2)
    assert loop._log == [(2, "default")]
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'alpha'"):
        loop.wants()


def test_a_flow_inside_another_has_results_of_its_own():
    class Both(StrategySkeleton):
        def __init__(self):
            super().__init__()
            self._seen = []
            self.training_flow.append_part_list(["learn", "look"])
            self.testing_flow.append_part_list(["check"])

        @TrainingFlow
        def learn(self):
            self.update_namespace(step_id=1)
            self.testing_flow()

        @TestingFlow
        def check(self):
            assert self.is_training()
            assert self.is_testing()
            self.update_namespace(step_id=9)
            self.look()

        @TestingFlow
        @TrainingFlow
        def look(self, step_id):
            self._seen.append(step_id)

    both = Both()
    both.training_flow()
    assert both._seen == [9, 1]


def test_a_run_does_not_start_twice():
    loop = Loop(lambda self: self.training_flow())
    with pytest.raises(RuntimeError, match="training_flow: a run is going on"):
        loop.training_flow()


def test_copies_are_strategies_of_their_own():
    loop = Loop()
    loop.add_plugin(named(1, []))
    other = copy.deepcopy(loop)
    other.mark = "other"
    other.training_flow()
    loop.training_flow()
    assert other._log == [{"mark": "other"}]
    assert loop._log == [{}]


# -------------------------------------------------------------------------- tree


class Steps(StrategySkeleton):
    """Steps that do nothing, to build trees of."""

    @TrainingFlow
    def a(self):
        return False

    @TrainingFlow
    def b(self):
        self.update_namespace(b=True)

    @TrainingFlow
    def c(self):
        """Nothing."""

    @TestingFlow
    def d(self):
        """Of the other flow."""

    def e(self):
        """No step."""


def test_places():
    flow = Steps().training_flow
    flow.append_part_list(["b"])
    flow.append_new_group("Group", ["c"], to_group=None, at_beginning=True)
    flow.append_part_list([flow.owner.a], after_part="c")
    assert str(flow) == "- Group (group)\n--- c\n--- a\n- b"
    flow.remove_part("a")
    flow.replace_part(flow.root.group("Group"), Steps.a)
    assert flow.root.steps() == ["a", "b"]
    flow.append_part_list(["c"], to_group=flow.root, at_beginning=True)
    assert flow.root.steps() == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.append_part_list(["a"]), "a would occur twice"),
        (lambda f: f.append_new_group("Group", []), "Group would occur twice"),
        (lambda f: f.append_part_list(["d"]), "d is no step of training_flow; .*@TrainingFlow"),
        (lambda f: f.append_part_list([Steps.e]), "Steps.e is no step"),
        (lambda f: f.append_part_list(["f"]), "no method 'f'; known: a, b, c"),
        (lambda f: f.append_part_list(["b"], to_group="Grup"), "group='Grup'.*Group"),
        (lambda f: f.append_part_list(["b"], after_part="z"), "part='z'"),
        (lambda f: f.append_part_list(["b"], to_group=f.root, after_part="a"), "not directly in"),
        (lambda f: f.remove_part("z"), "part='z'"),
        (lambda f: f.replace_part("Group", "z"), "no method 'z'"),
        (lambda f: f.replace_part("c", "a"), "a would occur twice"),
    ],
)
def test_what_a_tree_refuses(change, message):
    flow = Steps().training_flow
    flow.append_new_group("Group", ["a"])
    flow.append_part_list(["c"])
    before = str(flow)
    with pytest.raises(ValueError, match=message):
        change(flow)
    assert str(flow) == before


def test_loops_go_on_while_the_last_part_says_so():
    class Count(Steps):
        @TrainingFlow
        def c(self, count=0):
            self.update_namespace(count=count + 1)
            return count < 4

        @TrainingFlow
        def b(self, count):
            self.total = count

    counter = Count()
    counter.training_flow.append_new_group("Loop", ["a", "c"], is_loop=True)
    counter.training_flow.append_part_list(["b"])
    counter.training_flow()
    assert counter.total == 5


def test_listeners():
    flow, seen = Steps().training_flow, []
    flow.add_part_change_listener(seen.append)
    flow.append_part_list(["a"])
    flow.remove_part("a")
    flow.remove_part_change_listener(seen.append)
    flow.append_part_list(["a"])
    assert seen == [flow, flow]


def test_a_flow_of_one_s_own():
    resting = make_strategy_part_decorator("resting_flow")

    class Sleeper(StrategySkeleton):
        def __init__(self):
            super().__init__()
            self.resting_flow = StrategyFlow(self, "resting_flow", "Resting")
            self.resting_flow.append_part_list(["sleep"])

        @resting
        def sleep(self, hours):
            self.slept = hours

    class Cut(StrategySkeleton):
        @resting
        def sleep(self, hours):
            self.update_namespace(hours=hours - 1)

    sleeper = Sleeper()
    sleeper.resting_flow.add_strategy_plugin(Cut())
    sleeper.resting_flow(hours=8)
    assert sleeper.slept == 7


# ----------------------------------------------------------------------- mistakes


def test_a_plugin_whose_step_is_never_called():
    class Misspelt(StrategySkeleton):
        @TrainingFlow
        def stepp(self):
            """Never called."""

    loop = Loop()
    loop.add_plugin(Misspelt())
    with pytest.raises(ValueError, match="Misspelt.stepp: Loop never calls.*did you mean step"):
        loop.training_flow()


def test_forgotten_decorators():
    class Bare(StrategySkeleton):
        def step(self):
            """Never called."""

    class Override(Loop):
        def step(self):
            """Plugins would be missing."""

    loop = Loop()
    loop.add_plugin(Bare())
    with pytest.raises(ValueError, match="Bare.step has the name of a step.*@TrainingFlow"):
        loop.training_flow()
    with pytest.raises(ValueError, match="Override.step overrides a step.*@TrainingFlow"):
        Override()


def test_what_is_no_plugin():
    class NotReady(StrategySkeleton):
        def __init__(self):
            pass

        @TrainingFlow
        def step(self):
            """Not reached."""

    loop, plugin = Loop(), named(1, [])
    with pytest.raises(TypeError, match="is a class; pass an instance"):
        loop.add_plugin(Loop)
    with pytest.raises(TypeError, match="expected a StrategySkeleton"):
        loop.add_plugin(object())
    with pytest.raises(TypeError, match="call super"):
        loop.add_plugin(NotReady())
    loop.add_plugin(plugin)
    with pytest.raises(ValueError, match="given twice"):
        loop.add_plugin(plugin)


def test_a_plugin_that_joins_during_a_run():
    log = []
    loop = Loop(lambda self: (self.add_plugin(joins), self.inner()))

    class Joins(StrategySkeleton):
        @TrainingFlow
        def inner(self):
            self.update_namespace(joined=True)
            log.append("joined")

    joins = Joins()
    loop.training_flow()
    assert log == ["joined"]
    assert loop._log[1] == {"joined": True}
    assert not joins.is_training()
