"""PTX programs of the tests."""

from __future__ import annotations

HEADER = ".version 8.0\n.target sm_80\n.address_size 64\n"

# out[i] = a * x[i] + y[i] for i < n.
SAXPY = (
    HEADER
    + """
.visible .entry saxpy(.param .u64 .ptr .global x, .param .u64 y, .param .u64 out, .param .f32 a,
                      .param .u32 n)
{
  .reg .pred %p;
  .reg .b32 %r<5>;
  .reg .b64 %rd<4>;
  .reg .f32 %f<3>;
  ld.param.u64 %rd0, [x];
  ld.param.u64 %rd1, [y];
  ld.param.u64 %rd2, [out];
  ld.param.f32 %f0, [a];
  ld.param.u32 %r0, [n];
  mov.u32 %r1, %ctaid.x;
  mov.u32 %r2, %ntid.x;
  mov.u32 %r3, %tid.x;
  mad.lo.u32 %r4, %r1, %r2, %r3;
  setp.ge.u32 %p, %r4, %r0;
  @%p bra DONE;
  mul.wide.u32 %rd3, %r4, 4;
  add.s64 %rd0, %rd0, %rd3;
  add.s64 %rd1, %rd1, %rd3;
  add.s64 %rd2, %rd2, %rd3;
  ld.global.f32 %f1, [%rd0];
  ld.global.f32 %f2, [%rd1];
  fma.rn.f32 %f1, %f0, %f1, %f2;
  st.global.f32 [%rd2], %f1;
DONE:
  ret;
}
"""
)


def store(param: str, size: int) -> str:
    """A kernel that copies the ``size`` bytes of its parameter `v` to `out`."""
    lines = "\n".join(
        f"  ld.param.b8 %r, [v+{k}];\n  st.global.b8 [%rd+{k}], %r;" for k in range(size)
    )
    return f"""{HEADER}
.visible .entry k(.param .u64 out, .param {param})
{{
  .reg .b16 %r;
  .reg .b64 %rd;
  ld.param.u64 %rd, [out];
{lines}
  ret;
}}
"""


# Every thread adds 1 to a counter in shared memory without synchronisation, `rounds` times.
LOST_UPDATES = (
    HEADER
    + """
.visible .entry k(.param .u64 out, .param .u32 rounds)
{
  .reg .pred %p;
  .reg .b32 %r<4>;
  .reg .b64 %rd;
  .shared .b32 sum;
  ld.param.u64 %rd, [out];
  ld.param.u32 %r3, [rounds];
  mov.u32 %r0, 0;
LOOP:
  ld.shared.u32 %r1, [sum];
  add.u32 %r1, %r1, 1;
  st.shared.u32 [sum], %r1;
  add.u32 %r0, %r0, 1;
  setp.lt.u32 %p, %r0, %r3;
  @%p bra LOOP;
  bar.sync 0;
  ld.shared.u32 %r1, [sum];
  st.global.u32 [%rd], %r1;
  ret;
}
"""
)

ENDLESS = HEADER + ".visible .entry k()\n{\nL:\n  bra L;\n}\n"
