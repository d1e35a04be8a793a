"""The PTX virtual machine: runs PTX from any compiler on the CPU, and says what is wrong with it.

No GPU, no CUDA package, and no kernel of this package is needed:

>>> import numpy as np
>>> from cosmati import vm
>>> module = vm.Module('''
... .version 8.0
... .target sm_80
... .address_size 64
... .visible .entry twice(.param .u64 x, .param .u32 n)
... {
...   .reg .pred %p;
...   .reg .b32 %r<3>;
...   .reg .b64 %rd;
...   ld.param.u64 %rd, [x];
...   ld.param.u32 %r1, [n];
...   mov.u32 %r0, %tid.x;
...   setp.ge.u32 %p, %r0, %r1;
...   @%p bra DONE;
...   mad.wide.u32 %rd, %r0, 4, %rd;
...   ld.global.b32 %r2, [%rd];
...   add.s32 %r2, %r2, %r2;
...   st.global.b32 [%rd], %r2;
... DONE:
...   ret;
... }
... ''', name="twice.ptx")
>>> x = np.arange(5, dtype=np.int32)
>>> report = module.launch("twice", grid=1, block=32, args=(x, 5), check="all")
>>> x
array([0, 2, 4, 6, 8], dtype=int32)
>>> report.ctas
1

What goes wrong is raised, with everything known about it:

>>> try:
...     module.launch("twice", grid=1, block=32, args=(x, 8))
... except vm.CheckError as error:
...     finding = error.reports[0]
>>> finding.kind, finding.thread, finding.ptx_line
('out-of-bounds', (5, 0, 0), 16)
"""

from cosmati.vm.arguments import Buffer as Buffer
from cosmati.vm.arguments import uninitialized as uninitialized
from cosmati.vm.findings import Access as Access
from cosmati.vm.findings import CheckError as CheckError
from cosmati.vm.findings import Finding as Finding
from cosmati.vm.module import Entry as Entry
from cosmati.vm.module import Module as Module
from cosmati.vm.module import Parameter as Parameter
from cosmati.vm.report import Counts as Counts
from cosmati.vm.report import InstructionCounts as InstructionCounts
from cosmati.vm.report import Profile as Profile
from cosmati.vm.report import Report as Report
from cosmati.vm.tensormap import TensorMap as TensorMap
from cosmati.vm.watching import CHECKS as CHECKS
from cosmati.vm.watching import SCHEDULES as SCHEDULES
from cosmati.vm.watching import checking as checking
