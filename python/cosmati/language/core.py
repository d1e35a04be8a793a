"""The functions that are part of the language itself, under one name as in Triton."""

from cosmati.language.aggregates import *  # noqa: F403
from cosmati.language.aggregates import _aggregate as _aggregate
from cosmati.language.base import base_type as base_type
from cosmati.language.base import base_value as base_value
from cosmati.language.block_pointer import *  # noqa: F403
from cosmati.language.compute import *  # noqa: F403
from cosmati.language.compute import _promote_bfloat16_to_float32 as _promote_bfloat16_to_float32
from cosmati.language.compute import _reduce_with_indices as _reduce_with_indices
from cosmati.language.constexpr import constexpr as constexpr
from cosmati.language.constexpr import constexpr_type as constexpr_type
from cosmati.language.constexpr import unwrap as unwrap
from cosmati.language.context import builtin as builtin
from cosmati.language.context import extern as extern
from cosmati.language.context import is_builtin as is_builtin
from cosmati.language.context import must_use_result as must_use_result
from cosmati.language.descriptor import *  # noqa: F403
from cosmati.language.dtypes import *  # noqa: F403
from cosmati.language.extern import *  # noqa: F403
from cosmati.language.inline_asm import *  # noqa: F403
from cosmati.language.map_elementwise import *  # noqa: F403
from cosmati.language.math import *  # noqa: F403
from cosmati.language.memory import *  # noqa: F403
from cosmati.language.packed import *  # noqa: F403
from cosmati.language.program import *  # noqa: F403
from cosmati.language.quantization import *  # noqa: F403
from cosmati.language.shapes import *  # noqa: F403
from cosmati.language.tensor import cast as cast
from cosmati.language.tensor import tensor as tensor
from cosmati.language.tensor import to_tensor as to_tensor
from cosmati.language.tensor import validate_block_shape as validate_block_shape
from cosmati.language.tuples import Tuple as Tuple

tuple = Tuple
_tensor = tensor
item = tensor.item
slice = slice  # noqa: PLW0127 (Python's own is the language's)
_unwrap_if_constexpr = unwrap
TRITON_MAX_TENSOR_NUMEL = constexpr(1048576)
CONSTEXPR_0 = constexpr(0)
