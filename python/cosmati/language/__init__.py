"""The kernel language; imported as ``tl`` by habit.

Names, signatures and typing rules are those of ``triton.language``. Functions of the language make
code while a kernel is compiled; they can only be called inside ``@cosmati.jit`` functions.
"""

from cosmati.language import core as core
from cosmati.language import math as math
from cosmati.language import target_info as target_info
from cosmati.language.core import *  # noqa: F403
from cosmati.language.core import TRITON_MAX_TENSOR_NUMEL as TRITON_MAX_TENSOR_NUMEL
from cosmati.language.core import cast as cast
from cosmati.language.core import constexpr as constexpr
from cosmati.language.core import tensor as tensor
from cosmati.language.core import to_tensor as to_tensor
from cosmati.language.core import tuple as tuple

from cosmati.language import standard as standard  # isort: skip
from cosmati.language import random as random  # isort: skip
from cosmati.language.random import *  # noqa: F403  # isort: skip
from cosmati.language.standard import *  # noqa: F403  # isort: skip
from cosmati.language import extra as extra  # isort: skip
