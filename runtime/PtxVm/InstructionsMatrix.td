//===- InstructionsMatrix.td - matrices, and what is refused -- -*- tablegen -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// A part of Instructions.td.
//===----------------------------------------------------------------------===//

//===- Warp-level matrices ---------------------------------------------------===//
defvar MmaPrefix = "mma.sync.aligned.";
defvar MmaSpPrefix = "mma.(sp|sp::ordered_metadata).sync.aligned.";
defvar WmmaPrefix = "wmma.mma.sync.aligned.";
defvar WmmaShapes = "m16n16k16|m8n32k16|m32n8k16";
defvar OptWmmaSpace = "[.(global|shared|shared::cta)]";
// The layout may stand before or behind the shape.
class WmmaMemory<string what, string shapes, string types> {
  string text = !strconcat("wmma.", what, ".sync.aligned[.(row|col)].(", shapes, ")", OptWmmaSpace,
                           "[.(row|col)]", OptWmmaSpace, ".(", types, ")");
}
let section = WarpMatrix in {
let checks = Accesses in def LdMatrix : Inst<Matrix, CountSharedLoad,
    "ldmatrix.sync.aligned.m8n8.(x1|x2|x4)[.trans][.(shared|shared::cta)].b16", "*">;
let checks = Accesses in def StMatrix : Inst<Matrix, CountSharedStore,
    "stmatrix.sync.aligned.m8n8.(x1|x2|x4)[.trans][.(shared|shared::cta)].b16", "*">;
def MovMatrix : Inst<Matrix, CountWarp, "movmatrix.sync.aligned.m8n8.trans.b16", "=b32 b32">;
def MmaF16 : Inst<Mma, CountTensor, !strconcat(MmaPrefix,
    "(m16n8k8|m16n8k16).row.col.(f16|f32).f16.f16.(f16|f32)"), "*">;
def MmaBf16 : Inst<Mma, CountTensor, !strconcat(MmaPrefix,
    "(m16n8k8|m16n8k16).row.col.f32.bf16.bf16.f32"), "*">;
def MmaTf32 : Inst<Mma, CountTensor, !strconcat(MmaPrefix,
    "(m16n8k4|m16n8k8).row.col.f32.tf32.tf32.f32"), "*">;
def MmaF64 : Inst<Mma, CountTensor, !strconcat(MmaPrefix,
    "(m8n8k4|m16n8k4|m16n8k8|m16n8k16).row.col[.(rn|rz|rm|rp)].f64.f64.f64.f64"), "*">;
def MmaI8 : Inst<Mma, CountTensor, !strconcat(MmaPrefix,
    "(m8n8k16|m16n8k16|m16n8k32).row.col[.satfinite].s32.(u8|s8).(u8|s8).s32"), "*">;
def MmaI4 : Inst<Mma, CountTensor, !strconcat(MmaPrefix,
    "(m8n8k32|m16n8k32|m16n8k64).row.col[.satfinite].s32.(u4|s4).(u4|s4).s32"), "*">;
def MmaB1 : Inst<Mma, CountTensor, !strconcat(MmaPrefix,
    "(m8n8k128|m16n8k128|m16n8k256).row.col.s32.b1.b1.s32.(xor|and).popc"), "*">;
def MmaF8 : Inst<Mma, CountTensor, !strconcat(MmaPrefix,
    "(m16n8k16|m16n8k32).row.col.(f16|f32).(e4m3|e5m2).(e4m3|e5m2).(f16|f32)"), "*">;
def MmaSpF16 : Inst<Mma, CountTensor, !strconcat(MmaSpPrefix,
    "(m16n8k16|m16n8k32).row.col.(f16|f32).f16.f16.(f16|f32)"), "*">;
def MmaSpBf16 : Inst<Mma, CountTensor, !strconcat(MmaSpPrefix,
    "(m16n8k16|m16n8k32).row.col.f32.bf16.bf16.f32"), "*">;
def MmaSpTf32 : Inst<Mma, CountTensor, !strconcat(MmaSpPrefix,
    "(m16n8k8|m16n8k16).row.col.f32.tf32.tf32.f32"), "*">;
def MmaSpI8 : Inst<Mma, CountTensor, !strconcat(MmaSpPrefix,
    "(m16n8k32|m16n8k64).row.col[.satfinite].s32.(u8|s8).(u8|s8).s32"), "*">;
def MmaSpI4 : Inst<Mma, CountTensor, !strconcat(MmaSpPrefix,
    "(m16n8k64|m16n8k128).row.col[.satfinite].s32.(u4|s4).(u4|s4).s32"), "*">;
def MmaSpF8 : Inst<Mma, CountTensor, !strconcat(MmaSpPrefix,
    "m16n8k64.row.col.(f16|f32).(e4m3|e5m2).(e4m3|e5m2).(f16|f32)"), "*">;
def MmaQuads : Inst<Mma, CountTensor, !strconcat(MmaPrefix,
    "m8n8k4.(row|col).(row|col).(f16|f32).f16.f16.(f16|f32)"), "*"> {
  let doc = "the fragments of sm_70: four products of quads of threads";
}
let checks = Accesses, doc = "the layout of fragments is the machine's own" in {
def WmmaLoadAB : Inst<Wmma, CountOtherMemory, WmmaMemory<"load.(a|b)", WmmaShapes,
    "f16|bf16|s8|u8">.text, "*">;
def WmmaLoadTf32 : Inst<Wmma, CountOtherMemory, WmmaMemory<"load.(a|b)", "m16n16k8",
    "tf32">.text, "*">;
def WmmaLoadF64 : Inst<Wmma, CountOtherMemory, WmmaMemory<"load.(a|b|c)", "m8n8k4",
    "f64">.text, "*">;
def WmmaLoadI4 : Inst<Wmma, CountOtherMemory, WmmaMemory<"load.(a|b)", "m8n8k32",
    "s4|u4">.text, "*">;
def WmmaLoadB1 : Inst<Wmma, CountOtherMemory, WmmaMemory<"load.(a|b)", "m8n8k128",
    "b1">.text, "*">;
def WmmaLoadC : Inst<Wmma, CountOtherMemory, WmmaMemory<"load.c", WmmaShapes,
    "f16|f32|s32">.text, "*">;
def WmmaLoadC32 : Inst<Wmma, CountOtherMemory, WmmaMemory<"load.c", "m16n16k8", "f32">.text, "*">;
def WmmaLoadCS32 : Inst<Wmma, CountOtherMemory, WmmaMemory<"load.c", "m8n8k32|m8n8k128",
    "s32">.text, "*">;
def WmmaStore : Inst<Wmma, CountOtherMemory, WmmaMemory<"store.d", WmmaShapes,
    "f16|f32|s32">.text, "*">;
def WmmaStore32 : Inst<Wmma, CountOtherMemory, WmmaMemory<"store.d", "m16n16k8", "f32">.text, "*">;
def WmmaStoreF64 : Inst<Wmma, CountOtherMemory, WmmaMemory<"store.d", "m8n8k4", "f64">.text, "*">;
def WmmaStoreS32 : Inst<Wmma, CountOtherMemory, WmmaMemory<"store.d", "m8n8k32|m8n8k128",
    "s32">.text, "*">;
}
def WmmaF16 : Inst<Wmma, CountTensor, !strconcat(WmmaPrefix, "(row|col).(row|col).(", WmmaShapes,
    ").(f16|f32).(f16|f32)"), "*">;
def WmmaBf16 : Inst<Wmma, CountTensor, !strconcat(WmmaPrefix, "(row|col).(row|col).(", WmmaShapes,
    ").f32.bf16.bf16.f32"), "*">;
def WmmaTf32 : Inst<Wmma, CountTensor, !strconcat(WmmaPrefix,
    "(row|col).(row|col).m16n16k8.f32.tf32.tf32.f32"), "*">;
def WmmaF64 : Inst<Wmma, CountTensor, !strconcat(WmmaPrefix,
    "(row|col).(row|col).m8n8k4[.(rn|rz|rm|rp)].f64.f64.f64.f64"), "*">;
def : Form<WmmaF64, !strconcat(WmmaPrefix,
    "(row|col).(row|col).m8n8k4.f64.f64.f64.f64.(rn|rz|rm|rp)")>; // as mma.h writes it
def WmmaI8 : Inst<Wmma, CountTensor, !strconcat(WmmaPrefix, "(row|col).(row|col).(", WmmaShapes,
    ").s32.(s8.s8|u8.u8).s32[.satfinite]"), "*">;
def WmmaI4 : Inst<Wmma, CountTensor, !strconcat(WmmaPrefix,
    "row.col.m8n8k32.s32.(s4.s4|u4.u4).s32[.satfinite]"), "*">;
def WmmaB1 : Inst<Wmma, CountTensor,
    "wmma.mma.(xor|and).popc.sync.aligned.row.col.m8n8k128.s32.b1.b1.s32", "*">;
}

//===- Warpgroup-level matrices ----------------------------------------------===//
defvar WgmmaPrefix = "wgmma.mma_async.sync.aligned.";
defvar WgmmaSpPrefix = "wgmma.mma_async.sp.sync.aligned.";
// .satfinite has stood in three places; the assembler takes all of them.
defvar WgmmaInts = "[.satfinite].s32[.satfinite].(s8|u8).(s8|u8)[.satfinite]";
class WgmmaColumns<list<int> columns, string k> {
  string text = "(" # !interleave(!foreach(n, columns, "m64n" # n # k), "|") # ")";
}
// N: all multiples of 8; for integers 8 to 32 by 8, then by 16.
class WgmmaShapes<string k> : WgmmaColumns<!range(8, 257, 8), k>;
class WgmmaIntShapes<string k> : WgmmaColumns<!listconcat([8, 16, 24], !range(32, 257, 16)), k>;
let section = Warpgroup in {
def WgmmaFence : Inst<Wgmma, CountBarrier, "wgmma.fence.sync.aligned", "">;
def WgmmaCommit : Inst<Wgmma, CountBarrier, "wgmma.commit_group.sync.aligned", "">;
def WgmmaWait : Inst<Wgmma, CountBarrier, "wgmma.wait_group.sync.aligned", "imm">;
let checks = [Bounds, Uninitialized, Race, Sync] in {
def WgmmaF16 : Inst<Wgmma, CountTensor, !strconcat(WgmmaPrefix, WgmmaShapes<"k16">.text,
    ".(f16|f32).f16.f16"), "*">;
def WgmmaBf16 : Inst<Wgmma, CountTensor, !strconcat(WgmmaPrefix, WgmmaShapes<"k16">.text,
    ".f32.bf16.bf16"), "*">;
def WgmmaTf32 : Inst<Wgmma, CountTensor, !strconcat(WgmmaPrefix, WgmmaShapes<"k8">.text,
    ".f32.tf32.tf32"), "*">;
def WgmmaF8 : Inst<Wgmma, CountTensor, !strconcat(WgmmaPrefix, WgmmaShapes<"k32">.text,
    ".(f16|f32).(e4m3|e5m2).(e4m3|e5m2)"), "*">;
def WgmmaI8 : Inst<Wgmma, CountTensor, !strconcat(WgmmaPrefix, WgmmaIntShapes<"k32">.text,
    WgmmaInts), "*">;
def WgmmaB1 : Inst<Wgmma, CountTensor, !strconcat(WgmmaPrefix, WgmmaIntShapes<"k256">.text,
    ".s32.b1.b1.and.popc"), "*">;
def WgmmaSpF16 : Inst<Wgmma, CountTensor, !strconcat(WgmmaSpPrefix, WgmmaShapes<"k32">.text,
    ".(f16|f32).f16.f16"), "*">;
def WgmmaSpBf16 : Inst<Wgmma, CountTensor, !strconcat(WgmmaSpPrefix, WgmmaShapes<"k32">.text,
    ".f32.bf16.bf16"), "*">;
def WgmmaSpTf32 : Inst<Wgmma, CountTensor, !strconcat(WgmmaSpPrefix, WgmmaShapes<"k16">.text,
    ".f32.tf32.tf32"), "*">;
def WgmmaSpF8 : Inst<Wgmma, CountTensor, !strconcat(WgmmaSpPrefix, WgmmaShapes<"k64">.text,
    ".(f16|f32).(e4m3|e5m2).(e4m3|e5m2)"), "*">;
def WgmmaSpI8 : Inst<Wgmma, CountTensor, !strconcat(WgmmaSpPrefix, WgmmaIntShapes<"k64">.text,
    WgmmaInts), "*">;
}
}

//===- Fifth-generation tensor cores -----------------------------------------===//
let section = TensorCore5 in {
def Tcgen05 : Rejected<"tcgen05", "an instruction of sm_100">;
}

//===- Stack manipulation ----------------------------------------------------===//
let section = Stack in {
foreach opcode = ["alloca", "stacksave", "stackrestore"] in
  def Stack_#opcode : Rejected<opcode, "stacks that grow at run time; declare .local variables">;
}

//===- Video -----------------------------------------------------------------===//
let section = Video in {
foreach opcode = ["vadd", "vsub", "vabsdiff", "vmin", "vmax", "vshl", "vshr", "vmad", "vset"] in
  def Video_#opcode : Rejected<opcode,
      "video instructions; no GPU since sm_30 has them in hardware">;
foreach opcode = ["vadd", "vsub", "vavrg", "vabsdiff", "vmin", "vmax", "vset"] in
  foreach lanes = ["2", "4"] in
    def Video_#opcode#lanes : Rejected<opcode # lanes,
        "video instructions; use the instructions for u16x2 or bit operations">;
}

//===- Miscellaneous ---------------------------------------------------------===//
let section = Miscellaneous in {
def Trap : Inst<Control, CountControl, "trap", "">;
def Brkpt : Inst<Control, CountControl, "brkpt", "">;
def Nanosleep : Inst<Control, CountControl, "nanosleep.u32", "t">;
def SetMaxNReg : Hint<Misc, CountControl, "setmaxnreg.(inc|dec).sync.aligned.u32", "imm">;
def PmEvent : Hint<Misc, CountControl, "pmevent[.mask]", "imm">;
}
