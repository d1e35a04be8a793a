"""What the virtual machine reports of a kernel that runs."""

import cosmati
import cosmati.language as tl
import numpy as np
from catalogue import case
from cosmati import vm

RUNNING = "Running on the virtual machine"


@case(RUNNING, "An access beyond an array", vm.CheckError, "out-of-bounds",
      "Bounds are always checked; `kernel.check(...)` turns the other checks on.")  # fmt: skip
def out_of_bounds():
    @cosmati.jit
    def kernel(x):
        offsets = tl.arange(0, 16)
        tl.store(x + offsets, offsets)

    kernel[(1,)](np.zeros(12, np.int32))


@case(RUNNING, "A race between programs", vm.CheckError, "race")
def race():
    @cosmati.jit
    def kernel(x):
        tl.store(x, tl.load(x) + 1)

    kernel.check("all")[(2,)](np.zeros(1, np.int32))


@case(RUNNING, "An assertion", vm.CheckError, "all values are positive")
def device_assertion():
    @cosmati.jit
    def kernel(x):
        value = tl.load(x + tl.arange(0, 4))
        tl.device_assert(value > 0, "all values are positive")

    kernel[(1,)](np.array([3, 1, 0, 2], np.int32), debug=True)


@case(RUNNING, "A wait that can't end", vm.CheckError, "deadlock")
def deadlock():
    @cosmati.jit
    def kernel(flag):
        while tl.atomic_add(flag, 0) == 0:
            pass

    kernel[(1,)](np.zeros(1, np.int32))
