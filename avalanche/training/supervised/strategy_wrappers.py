"""The path of avalanche-lib 0.6 for strategies that are a loop with one plugin."""

from avalanche.training.supervised.agem import AGEM
from avalanche.training.supervised.cope import CoPE
from avalanche.training.supervised.cumulative import Cumulative
from avalanche.training.supervised.cwr_star import CWRStar
from avalanche.training.supervised.ewc import EWC
from avalanche.training.supervised.from_scratch_training import FromScratchTraining
from avalanche.training.supervised.gdumb import GDumb
from avalanche.training.supervised.gem import GEM
from avalanche.training.supervised.lwf import LwF
from avalanche.training.supervised.mas import MAS
from avalanche.training.supervised.naive import Naive
from avalanche.training.supervised.pnn import PNNStrategy
from avalanche.training.supervised.replay import Replay
from avalanche.training.supervised.synaptic_intelligence import SynapticIntelligence

__all__ = [
    "AGEM",
    "EWC",
    "GEM",
    "MAS",
    "CWRStar",
    "CoPE",
    "Cumulative",
    "FromScratchTraining",
    "GDumb",
    "LwF",
    "Naive",
    "PNNStrategy",
    "Replay",
    "SynapticIntelligence",
]
