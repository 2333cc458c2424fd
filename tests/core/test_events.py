"""Firing a name: who is called, in which order, with what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avalanche.core import SupervisedPlugin
from avalanche.core.events import EVENTS, Dispatcher, bind, no_event

NAMES = ["before_forward", "after_forward"]


class Owner:
    """A strategy that notes its own calls."""

    def __init__(self):
        self.calls = []
        self.mb_x = "the batch"

    def after_forward(self, **kwargs):
        self.calls.append(("owner", kwargs))


class Spy(SupervisedPlugin):
    def __init__(self, name, log):
        self.name, self.log = name, log

    def after_forward(self, strategy, **kwargs):
        self.log.append((self.name, strategy, kwargs))


@given(st.permutations(range(5)))
def test_modules_are_called_in_order_of_attachment_then_the_owner(order):
    owner, log = Owner(), []
    owner.calls = log
    dispatcher = Dispatcher(owner, NAMES)
    dispatcher.attach([Spy(i, log) for i in order])
    dispatcher.fire("after_forward", {"a": 1})
    assert log == [(i, owner, {"a": 1}) for i in order] + [("owner", {"a": 1})]


def test_inherited_callbacks_that_do_nothing_are_not_called():
    class Silent(SupervisedPlugin):
        pass

    dispatcher = Dispatcher(object(), NAMES)
    dispatcher.attach([Silent()])
    assert dispatcher.calls.before_forward is bool


def test_a_plugin_can_decline_an_event():
    class Picky(Spy):
        def listens(self, event):
            return False

    log = []
    dispatcher = Dispatcher(object(), NAMES)
    dispatcher.attach([Picky("x", log)])
    dispatcher.fire("after_forward", {})
    assert log == []


def test_arguments_by_name_call_arguments_before_results_before_fields():
    class Reader:
        def before_forward(self, mb_x):
            self.got = mb_x

    reader, owner = Reader(), Owner()
    dispatcher = Dispatcher(owner, NAMES)
    dispatcher.attach([reader])
    dispatcher.fire("before_forward", {})
    assert reader.got == "the batch"
    dispatcher.results["mb_x"] = "published"
    dispatcher.fire("before_forward", {})
    assert reader.got == "published"
    dispatcher.fire("before_forward", {"mb_x": "given"})
    assert reader.got == "given"


def test_fields_of_other_modules_can_be_asked_for():
    class Memory:
        ext_mem = "memory"

        def before_forward(self, ext_mem, missing=3):
            self.got = ext_mem, missing

    memory = Memory()
    dispatcher = Dispatcher(Owner(), NAMES)
    dispatcher.attach([memory])
    dispatcher.fire("before_forward", {})
    assert memory.got == ("memory", 3)


def test_a_name_that_nothing_provides_lists_what_is_available():
    class Reader:
        def before_forward(self, mb_z):
            raise AssertionError

    dispatcher = Dispatcher(Owner(), NAMES)
    dispatcher.attach([Reader()])
    with pytest.raises(TypeError, match="asks for 'mb_z'.*available here: calls, given, mb_x"):
        dispatcher.fire("before_forward", {"given": 1})


def test_defaults_of_a_plugin_give_way_to_call_arguments_only():
    class Loader(SupervisedPlugin):
        def before_forward(self, s, shuffle=True, **kwargs):
            self.got = s, shuffle, kwargs

    owner, loader = Owner(), Loader()
    owner.shuffle = "a field"
    dispatcher = Dispatcher(owner, NAMES)
    dispatcher.attach([loader])
    dispatcher.fire("before_forward", {})
    assert loader.got == (owner, True, {})
    dispatcher.fire("before_forward", {"shuffle": False, "other": 1})
    assert loader.got == (owner, False, {"other": 1})


@pytest.mark.parametrize(
    ("name", "right"),
    [("before_foward", "before_forward"), ("after_train_exp", "after_training_exp")],
)
def test_a_misspelt_event_is_refused_with_the_nearest_names(name, right):
    plugin = type("Typo", (SupervisedPlugin,), {name: lambda self, strategy: None})()
    with pytest.raises(ValueError, match=f"Typo.{name}: no event has this name.*{right}"):
        Dispatcher(object(), NAMES).attach([plugin])


def test_helpers_with_an_underscore_are_fine():
    plugin = type("Fine", (SupervisedPlugin,), {"_before_all": lambda self: None})()
    Dispatcher(object(), NAMES).attach([plugin])


def test_a_method_marked_as_no_event_is_fine():
    marked = no_event(lambda self: None)
    plugin = type("Fine", (SupervisedPlugin,), {"before_run": marked})()
    Dispatcher(object(), NAMES).attach([plugin])


def test_every_event_of_the_table_has_a_callback_in_the_plugin_base():
    from avalanche.core import SupervisedMetaLearningPlugin

    assert len({e.name for e in EVENTS}) == len(EVENTS) == 30
    for event in EVENTS:
        assert getattr(SupervisedMetaLearningPlugin, event.name).__is_noop__


def test_bind_keyword_names():
    class Loader(SupervisedPlugin):
        def before_forward(self, strategy, num_workers=0, **kwargs):
            pass

    dispatcher = Dispatcher(Owner(), NAMES)
    dispatcher.attach([Loader()])
    assert "num_workers" in dispatcher.keyword_names()
    assert callable(bind(Loader().before_forward, dispatcher, passes_strategy=True))
