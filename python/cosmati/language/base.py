"""Bases of what kernels compute with: values and their types."""

from __future__ import annotations


class base_value:
    """Base of the values of a kernel: tensors, tuples, constexprs, block pointers, aggregates.

    A value made of several runtime parts, such as a block pointer, has ``parts()`` (the parts),
    ``with_parts(parts)`` (a value of the same kind around other parts) and ``pattern()`` (what two
    values must share to stand in one variable); control flow and calls take it apart by these.
    """

    __slots__ = ()


class base_type:
    """Base of the types of values: dtypes and the types of tuples, constexprs and aggregates."""

    __slots__ = ()
