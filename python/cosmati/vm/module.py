"""PTX modules and their launches."""

from __future__ import annotations

import json
import linecache
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from cosmati import _core
from cosmati.errors import SourcePlace
from cosmati.vm.arguments import Packer
from cosmati.vm.findings import Chain, CheckError, make_findings
from cosmati.vm.report import Report
from cosmati.vm.watching import make_watch

_FILE = re.compile(r'^\s*\.file\s+(\d+)\s+"([^"]*)"', re.MULTILINE)
Dims = int | Sequence[int]


@dataclass(frozen=True)
class Parameter:
    """A parameter of an entry.

    Attributes
    ----------
    name, type : str
        Type as PTX has it, of one element: "u64", "f32", "b8".
    offset, size, align : int
        In bytes; where it lies in the parameter block.
    pointer : bool
        Declared with ``.ptr``.
    """

    name: str
    type: str
    offset: int
    size: int
    align: int
    pointer: bool

    @property
    def is_array(self) -> bool:
        """``.b8 name[16]``: a struct or a tensor map."""
        return self.size * 8 != int("".join(c for c in self.type if c.isdigit()) or 0)

    @property
    def type_text(self) -> str:
        """ "u32", "b8[16]"."""
        return f"{self.type}[{self.size}]" if self.is_array else self.type


@dataclass(frozen=True)
class Entry:
    """A kernel of a module.

    Attributes
    ----------
    name : str
    params : tuple of Parameter
    param_bytes : int
        Size of the parameter block.
    shared_bytes : int
        Static shared memory of a CTA.
    required_block : tuple of int or None
        ``.reqntid``: the only block that it runs with.
    """

    name: str
    params: tuple[Parameter, ...]
    param_bytes: int
    shared_bytes: int
    required_block: tuple[int, int, int] | None


class Module:
    """A PTX module, parsed and checked.

    Parameters
    ----------
    ptx_text : str
        PTX of any compiler, for sm_80 to sm_90a.
    name : str
        Stands for the text in messages.

    Raises
    ------
    ValueError
        For PTX that is malformed or has what the machine doesn't implement: "name:line: ...".

    Examples
    --------
    >>> module = Module('''
    ... .version 8.0
    ... .target sm_80
    ... .address_size 64
    ... .visible .entry fill(.param .u64 .ptr .global x, .param .f32 value)
    ... { ret; }
    ... ''')
    >>> [(p.name, p.type, p.offset, p.size) for p in module.entries["fill"].params]
    [('x', 'u64', 0, 8), ('value', 'f32', 8, 4)]
    >>> module.target
    'sm_80'
    """

    def __init__(self, ptx_text: str, name: str = "<ptx>") -> None:
        if not isinstance(ptx_text, str):
            raise TypeError(f"ptx_text is a {type(ptx_text).__name__}; it must be a str")
        self.name = name
        self._core = _core.VmModule(ptx_text, name)
        self.target: str = self._core.target
        self.entries: dict[str, Entry] = {
            entry["name"]: Entry(
                **{**entry, "params": tuple(Parameter(**p) for p in entry["params"]),
                   "required_block": entry["required_block"] and tuple(entry["required_block"])}
            )
            for entry in self._core.entries()
        }  # fmt: skip
        self._files = {int(number): file for number, file in _FILE.findall(ptx_text)}

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Module:
        """The module in a file."""
        return cls(Path(path).read_text(encoding="utf-8"), str(path))

    def __repr__(self) -> str:
        return f"Module({self.name!r}, {self.target}, entries: {', '.join(self.entries)})"

    def launch(
        self,
        entry: str,
        *,
        grid: Dims,
        block: Dims,
        args: Sequence[Any] = (),
        cluster: Dims | None = None,
        shared: int = 0,
        check: str | Iterable[str] | None = None,
        seed: int | None = None,
        schedule: str | None = None,
        async_copies: str = "late",
        threads: int | None = None,
        max_instructions: int | None = None,
        resident: int | None = None,
        profile: bool = False,
        print: Callable[[str], Any] | None = None,
    ) -> Report:
        """Runs a kernel to its end.

        Parameters
        ----------
        entry : str
            The kernel's name.
        grid, block, cluster : int or up to three ints
            CTAs, threads of a CTA, CTAs of a cluster (default: what the kernel declares, or 1;
            at most 16, portably 8).
        args : sequence
            One for each parameter. Arrays (NumPy, torch on the CPU, anything with
            ``__array_interface__`` or DLPack) are used in place and passed as pointers; read-only
            ones can't be written. Also Buffer and TensorMap; numbers and bools, converted to the
            declared type if it can hold them; None for a null pointer; bytes for structs.
        shared : int
            Bytes of dynamic shared memory of a CTA.
        check, seed, schedule, async_copies
            See `checking`.
        threads : int, optional
            Host threads; default: one per core. With 1 the seed replays the whole launch, with
            several each CTA's order.
        max_instructions : int, optional
            Warp instructions of a CTA after which the launch ends with a finding.
        resident : int, optional
            CTAs that are unfinished at once; default: as many as a GPU of the module's target
            holds. One that waits for a CTA beyond them is reported as a deadlock.
        profile : bool
            Count for each instruction; see Report.profile.
        print : callable, optional
            Receives what the kernel prints; default: ``sys.stdout.write``.

        Returns
        -------
        Report

        Raises
        ------
        CheckError
            Something was found while it ran.
        TypeError, ValueError
            An argument doesn't fit, or the launch's shape doesn't.
        """
        found = self.entries.get(entry)
        if found is None:
            raise ValueError(
                f"{self.name} has no kernel {entry!r}; it has {', '.join(self.entries) or 'none'}"
            )
        packer = Packer(found)
        packer.add_all(args)
        block_dims = read_dims("block", block)
        text, failure = self._core.launch(
            entry=entry,
            params=bytes(packer.block),
            buffers=packer.buffers,
            pointers=packer.pointers,
            maps=packer.maps,
            watch=make_watch(check, seed, schedule, async_copies).core(profile),
            grid=read_dims("grid", grid),
            block=block_dims,
            cluster=read_dims("cluster", 1 if cluster is None else cluster),
            shared=_natural("shared", shared, 2**32 - 1),
            threads=_natural("threads", threads or 0, 1024),
            max_instructions=_natural("max_instructions", max_instructions or 0, 2**64 - 1),
            resident=_natural("resident", resident or 0, 2**31 - 1),
            print=print,
        )
        report = json.loads(text)
        if report["findings"]:
            raise CheckError(
                make_findings(report["findings"], self._chain_of, block_dims, packer.arrays)
            )
        if failure:
            raise ValueError(failure)
        return Report.from_dict(report)

    def _chain_of(self, file: int, line: int, column: int) -> Chain:
        """Source of a `.loc`: the files that the PTX names."""
        path = self._files.get(file)
        if path is None:
            return ()
        text = linecache.getline(path, line).rstrip("\n")
        return (SourcePlace(path, line, column, column + 1, text, ""),)


def read_dims(what: str, value: Dims) -> tuple[int, int, int]:
    """Three extents from one to three."""
    items = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if not 1 <= len(items) <= 3:
        raise ValueError(f"{what}={value!r} has {len(items)} dimensions; give 1, 2 or 3")
    extents = [_natural(what, item, 2**31 - 1, 1) for item in items]
    return tuple(extents + [1] * (3 - len(extents)))  # type: ignore[return-value]


def _natural(what: str, value: Any, high: int, low: int = 0) -> int:
    try:
        number = int(value.__index__())
    except AttributeError:
        raise TypeError(f"{what}: {value!r} is a {type(value).__name__}, not an integer") from None
    if not low <= number <= high:
        raise ValueError(f"{what}: {number} is out of range; {low} to {high} are possible")
    return number
