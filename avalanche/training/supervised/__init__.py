"""Strategies: methods of the literature, each a training loop with its plugins."""

from avalanche.training.supervised.agem import AGEM
from avalanche.training.supervised.cope import CoPE
from avalanche.training.supervised.cumulative import Cumulative
from avalanche.training.supervised.cwr_star import CWRStar
from avalanche.training.supervised.ewc import EWC
from avalanche.training.supervised.from_scratch_training import FromScratchTraining
from avalanche.training.supervised.gdumb import GDumb
from avalanche.training.supervised.gem import GEM
from avalanche.training.supervised.joint_training import AlreadyTrainedError, JointTraining
from avalanche.training.supervised.lwf import LwF
from avalanche.training.supervised.mas import MAS
from avalanche.training.supervised.naive import Naive
from avalanche.training.supervised.pnn import PNNStrategy
from avalanche.training.supervised.replay import Replay
from avalanche.training.supervised.strategy_wrappers_online import OnlineNaive
from avalanche.training.supervised.synaptic_intelligence import SynapticIntelligence

__all__ = [
    "AGEM",
    "EWC",
    "GEM",
    "MAS",
    "AlreadyTrainedError",
    "CWRStar",
    "CoPE",
    "Cumulative",
    "FromScratchTraining",
    "GDumb",
    "JointTraining",
    "LwF",
    "Naive",
    "OnlineNaive",
    "PNNStrategy",
    "Replay",
    "SynapticIntelligence",
]
