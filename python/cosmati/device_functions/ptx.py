"""PTX of a device function, made fit for the module of a kernel.

The function and what it uses stay, under names that no other module part has; linkage goes, since
all is in one module.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z_$%][\w$]*")
_FUNCTION = re.compile(r"\.func\b\s*(?:\([^)]*\)\s*)?([\w$]+)")
_VARIABLE = re.compile(
    r"\.(?:global|const)\b[^=;{]*?([A-Za-z_$][\w$]*)\s*(?:\[[^\]]*\]\s*)*(?:=|;)"
)
_LINKAGE = re.compile(r"^\s*\.(visible|weak|common|extern)\b\s*")
# Functions that every driver, and the virtual machine, provide.
_PROVIDED = {"vprintf", "__assertfail", "malloc", "free"}


def prepare(ptx: str, entry: str, prefix: str) -> str:
    """The part of ``ptx`` that ``entry`` needs: its ``.version``, then the definitions.

    All names but ``entry`` get the prefix. ValueError for what can't be part of a function that is
    applied to elements.
    """
    version = re.search(r"^\.version.*$", ptx, flags=re.MULTILINE)
    if version is None:
        raise ValueError("the compiler's PTX has no .version")
    items = _items(_body(ptx))
    named = {_defined(item): item for item in items}
    declared = {name for name, item in named.items() if item.lstrip().startswith(".extern")}
    needed = _reachable(named, entry)
    for name in sorted(needed):
        _check(name, named[name], name in declared)
    own = {name for name in needed if name not in declared and name != entry}
    parts = [_renamed(named[name], own, prefix) for name in named if name in needed]
    return "\n".join([version.group(0), *parts]) + "\n"


def _body(ptx: str) -> str:
    lines = (line for line in ptx.splitlines() if not line.lstrip().startswith("//"))
    text = "\n".join(re.sub(r"(?<!:)//.*$", "", line) for line in lines)
    return re.sub(r"^\.(version|target|address_size)\b.*$", "", text, flags=re.MULTILINE)


def _items(text: str) -> list[str]:
    """Definitions and declarations of the module, in order."""
    items, begin, depth = [], 0, 0
    for at, letter in enumerate(text):
        if letter in "{(":
            depth += 1
        elif letter in "})":
            depth -= 1
        body_ends = letter == "}" and depth == 0 and ".func" in text[begin:at].split("{")[0]
        if body_ends or (letter == ";" and depth == 0):
            items.append(text[begin : at + 1].strip("\n"))
            begin = at + 1
    return [item for item in items if item.strip()]


def _defined(item: str) -> str:
    head = item.split("{")[0]
    if ".entry" in head:
        raise ValueError("the source has a kernel (__global__); cuda_function takes functions")
    if re.search(r"\.shared\b", head):
        raise ValueError(
            "the function has __shared__ memory. It is applied to single elements, and a kernel's "
            "shared memory is laid out by the compiler; pass a pointer to global memory instead"
        )
    match = _FUNCTION.search(head) or _VARIABLE.search(item)
    if match is None:
        raise ValueError(f"the compiler's PTX has something that is not known: {item.strip()!r}")
    return match[1]


def _reachable(named: dict[str, str], entry: str) -> set[str]:
    found, queue = {entry}, [entry]
    while queue:
        for name in set(_NAME.findall(named[queue.pop()])) & named.keys() - found:
            found.add(name)
            queue.append(name)
    return found


def _check(name: str, item: str, is_declared: bool) -> None:
    if is_declared and name not in _PROVIDED:
        raise ValueError(
            f"the function uses `{name}`, which its source declares and nobody defines; put the "
            "definition into the source"
        )
    if re.search(r"^\s*(@!?%\w+\s+)?(bar|barrier|mbarrier)\.", item, flags=re.MULTILINE):
        raise ValueError(
            "the function has a barrier (__syncthreads or the like). It is applied to single "
            "elements, of which threads hold different numbers; tl.debug_barrier() is for kernels"
        )


def _renamed(item: str, own: set[str], prefix: str) -> str:
    if not item.lstrip().startswith(".extern"):
        item = _LINKAGE.sub("", item)
    return _NAME.sub(lambda m: prefix + m[0] if m[0] in own else m[0], item)


__all__ = ["prepare"]
