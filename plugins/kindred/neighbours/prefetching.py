"""Load rows of an array that compiled code will read soon, while it still does other work."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.cgutils import for_range_slice
from numba.extending import intrinsic

CACHE_LINE = 64
READ, KEEP, DATA = 0, 3, 1
"""Arguments of LLVM's prefetch: a read, of what is used more than once, and no instructions."""


def _prefetch_row(_: Any, array: Any, row: Any) -> Any:
    signature = types.void(array, types.intp)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        stride = builder.extract_value(values.strides, 0)
        start = builder.bitcast(values.data, byte)
        start = builder.gep(start, [builder.mul(arguments[1], stride)])
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        options = [ir.Constant(number, value) for value in (READ, KEEP, DATA)]
        line = ir.Constant(stride.type, CACHE_LINE)
        with for_range_slice(builder, line.type(0), stride, line) as (offset, _):
            builder.call(prefetch, [builder.gep(start, [offset]), *options])
        return context.get_dummy_value()

    return signature, generate


prefetch_row = cast(Callable[[np.ndarray, int], None], intrinsic(_prefetch_row))
"""Begins to load ``array[row]``, in compiled code; the array is 2-dimensional and contiguous.

Nothing waits for it, and no result depends on it.
"""
