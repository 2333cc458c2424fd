"""Seed 000, "Namespaces": the document's own code, on small data."""

from avalanche.training.skeletons import StrategySkeleton, TrainingFlow

CODE = r"""
# let's say this is the method you want to specialize
def my_callback_to_specialize(**kwargs):

    # you can just print the kwargs to collect all the parameters
    # available in the namespace.
    print(kwargs)

my_callback_to_specialize(x=1, y=2, z=3)
"""


def test_the_snippet(capsys):
    exec(CODE, {})
    assert capsys.readouterr().out == "{'x': 1, 'y': 2, 'z': 3}\n"


class Strategy(StrategySkeleton):
    """One step that collects everything, as the document says to do."""

    def __init__(self):
        super().__init__()
        self.model = "the model"
        self.mine = "a field"
        self._hidden = "not seen"
        self.training_flow.append_part_list(["publish", "my_callback_to_specialize"])

    @TrainingFlow
    def publish(self):
        self.update_namespace(step_id=3, mine="a result")

    @TrainingFlow
    def my_callback_to_specialize(self, **kwargs):
        self._seen = kwargs


class Plugin(StrategySkeleton):
    """A submodule whose fields count as well."""

    def __init__(self):
        super().__init__()
        self.ext_mem = "the memory"
        self.model = "hidden behind the strategy's"


def test_kwargs_collect_the_global_namespace():
    strategy = Strategy()
    strategy.add_module(Plugin())
    strategy.training_flow(x=1)
    assert strategy._seen == {
        "x": 1,
        "step_id": 3,
        "mine": "a result",
        "model": "the model",
        "ext_mem": "the memory",
    }


def test_outside_a_flow_a_step_is_an_ordinary_method():
    strategy = Strategy()
    strategy.my_callback_to_specialize(x=1)
    assert strategy._seen == {"x": 1}
