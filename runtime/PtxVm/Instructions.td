//===- Instructions.td - The instruction table --------------- -*- tablegen -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every instruction form that the machine knows. The loader accepts nothing else; the decoder lays
// out operands as the last column says; the family's selector returns the handler.
//
// def Id : Inst<family, counter, syntax, operands>;
//   syntax    opcode, then modifiers in order: `.x` required, `.(a|b)` one of, `[.x]` or `[.(a|b)]`
//             optional. Types among them are numbered t, t1, t2 in order.
//   operands  `=` marks a destination. t t1 t2: that type, exact width; w: twice t's width; x x1: t
//             or t1, the register may be wider; pred; !pred (may be negated); p|q: predicate pair,
//             second optional; t|p: register with optional predicate; imm: constant; u32 etc.: that
//             type; cc: the implicit carry; a final ? makes an operand optional.
//             "*": the family has a decoder of its own.
// `let checks = [...]` names the checkers that look at the instruction, `let doc = "..."` adds a
// remark to the coverage page. Of several rows that match an instruction the first one counts.
//
// To add an instruction: write its row into the section where the PTX ISA has it, a case into the
// selector of its family (exec/*.cpp), and a test against a reference of its own (test/unit/Vm).
// A modifier that changes what the handler does must also stand in Modifiers.def. A form that
// PTX has and the machine hasn't is a `Rejected` row, so that its error says why. Then
// `cmake --build build --target ptx-coverage` writes docs/reference/ptx-coverage.md anew.
//
//===----------------------------------------------------------------------===//

include "tblgen/InstructionBase.td"

//===- Integer arithmetic ----------------------------------------------------===//
defvar Ints = "(u16|s16|u32|s32|u64|s64)";
let section = IntegerArith in {
def AddI : Inst<IntArith, CountInteger, !strconcat("add.", Ints), "=t t t">;
def AddI2 : Inst<IntArith, CountInteger, "add.(u16x2|s16x2)", "=t t t">;
def AddSatI : Inst<IntArith, CountInteger, "add.sat.s32", "=t t t">;
def SubI : Inst<IntArith, CountInteger, !strconcat("sub.", Ints), "=t t t">;
def SubSatI : Inst<IntArith, CountInteger, "sub.sat.s32", "=t t t">;
def MulLo : Inst<IntArith, CountInteger, !strconcat("mul.lo.", Ints), "=t t t">;
def MulHi : Inst<IntArith, CountInteger, !strconcat("mul.hi.", Ints), "=t t t">;
def MadLo : Inst<IntArith, CountInteger, !strconcat("mad.lo.", Ints), "=t t t t">;
def MadHi : Inst<IntArith, CountInteger, !strconcat("mad.hi.", Ints), "=t t t t">;
def MadHiSat : Inst<IntArith, CountInteger, "mad.hi.sat.s32", "=t t t t">;
def SadI : Inst<IntArith, CountInteger, !strconcat("sad.", Ints), "=t t t t">;
def DivI : Inst<IntWide, CountInteger, !strconcat("div.", Ints), "=t t t">;
def RemI : Inst<IntWide, CountInteger, !strconcat("rem.", Ints), "=t t t">;
def AbsI : Inst<IntArith, CountInteger, "abs.(s16|s32|s64)", "=t t">;
def NegI : Inst<IntArith, CountInteger, "neg.(s16|s32|s64)", "=t t">;
def MinI : Inst<IntArith, CountInteger, !strconcat("min.", Ints), "=t t t">;
def MaxI : Inst<IntArith, CountInteger, !strconcat("max.", Ints), "=t t t">;
def MinReluI : Inst<IntArith, CountInteger, "min.relu.s32", "=t t t">;
def MaxReluI : Inst<IntArith, CountInteger, "max.relu.s32", "=t t t">;
def MinI2 : Inst<IntArith, CountInteger, "min[.relu].(u16x2|s16x2)", "=t t t">;
def MaxI2 : Inst<IntArith, CountInteger, "max[.relu].(u16x2|s16x2)", "=t t t">;
def MulWide : Inst<IntWide, CountInteger, "mul.wide.(u16|s16|u32|s32)", "=w t t">;
def MadWide : Inst<IntWide, CountInteger, "mad.wide.(u16|s16|u32|s32)", "=w t t w">;
def Mul24Lo : Inst<IntWide, CountInteger, "mul24.lo.(u32|s32)", "=t t t">;
def Mul24Hi : Inst<IntWide, CountInteger, "mul24.hi.(u32|s32)", "=t t t">;
def Mad24Lo : Inst<IntWide, CountInteger, "mad24.lo.(u32|s32)", "=t t t t">;
def Mad24Hi : Inst<IntWide, CountInteger, "mad24.hi.(u32|s32)", "=t t t t">;
def Dp4a : Inst<IntWide, CountInteger, "dp4a.(u32|s32).(u32|s32)", "=b32 b32 b32 b32">;
def Dp2aLo : Inst<IntWide, CountInteger, "dp2a.lo.(u32|s32).(u32|s32)", "=b32 b32 b32 b32">;
def Dp2aHi : Inst<IntWide, CountInteger, "dp2a.hi.(u32|s32).(u32|s32)", "=b32 b32 b32 b32">;
def Popc : Inst<IntBits, CountInteger, "popc.(b32|b64)", "=u32 t">;
def Clz : Inst<IntBits, CountInteger, "clz.(b32|b64)", "=u32 t">;
def Brev : Inst<IntBits, CountInteger, "brev.(b32|b64)", "=t t">;
def Bfind : Inst<IntBits, CountInteger, "bfind[.shiftamt].(u32|s32|u64|s64)", "=u32 t">;
def Bfe : Inst<IntBits, CountInteger, "bfe.(u32|s32|u64|s64)", "=t t u32 u32">;
def Bfi : Inst<IntBits, CountInteger, "bfi.(b32|b64)", "=t t t u32 u32">;
def Fns : Inst<IntBits, CountInteger, "fns.b32", "=b32 b32 b32 s32">;
def Szext : Inst<IntBits, CountInteger, "szext.(clamp|wrap).(u32|s32)", "=t t u32">;
def Bmsk : Inst<IntBits, CountInteger, "bmsk.(clamp|wrap).b32", "=t u32 u32">;
}

//===- Extended-precision integer arithmetic ---------------------------------===//
let section = ExtendedPrecision in {
def AddCC : Inst<IntCarry, CountInteger, "add.cc.(u32|s32|u64|s64)", "=t =cc t t">;
def AddC : Inst<IntCarry, CountInteger, "addc[.cc].(u32|s32|u64|s64)", "=t =cc t t cc">;
def SubCC : Inst<IntCarry, CountInteger, "sub.cc.(u32|s32|u64|s64)", "=t =cc t t">;
def SubC : Inst<IntCarry, CountInteger, "subc[.cc].(u32|s32|u64|s64)", "=t =cc t t cc">;
def MadLoCC : Inst<IntCarry, CountInteger, "mad.lo.cc.(u32|s32|u64|s64)", "=t =cc t t t">;
def MadHiCC : Inst<IntCarry, CountInteger, "mad.hi.cc.(u32|s32|u64|s64)", "=t =cc t t t">;
def MadCLo : Inst<IntCarry, CountInteger, "madc.lo[.cc].(u32|s32|u64|s64)", "=t =cc t t t cc">;
def MadCHi : Inst<IntCarry, CountInteger, "madc.hi[.cc].(u32|s32|u64|s64)", "=t =cc t t t cc">;
}

//===- Floating point --------------------------------------------------------===//
defvar OptRound = "[.(rn|rz|rm|rp)]";
defvar Round = ".(rn|rz|rm|rp)";
let section = FloatingPoint in {
def AddF32 : Inst<FloatArith, CountFloat, !strconcat("add", OptRound, "[.ftz][.sat].f32"),
    "=t t t">;
def SubF32 : Inst<FloatArith, CountFloat, !strconcat("sub", OptRound, "[.ftz][.sat].f32"),
    "=t t t">;
def MulF32 : Inst<FloatArith, CountFloat, !strconcat("mul", OptRound, "[.ftz][.sat].f32"),
    "=t t t">;
def FmaF32 : Inst<FloatArith, CountFloat, !strconcat("fma", Round, "[.ftz][.sat].f32"), "=t t t t">;
def MadF32 : Inst<FloatArith, CountFloat, !strconcat("mad", Round, "[.ftz][.sat].f32"), "=t t t t">;
def AddF64 : Inst<FloatArith, CountFloat, !strconcat("add", OptRound, ".f64"), "=t t t">;
def SubF64 : Inst<FloatArith, CountFloat, !strconcat("sub", OptRound, ".f64"), "=t t t">;
def MulF64 : Inst<FloatArith, CountFloat, !strconcat("mul", OptRound, ".f64"), "=t t t">;
def FmaF64 : Inst<FloatArith, CountFloat, !strconcat("fma", Round, ".f64"), "=t t t t">;
def MadF64 : Inst<FloatArith, CountFloat, !strconcat("mad", Round, ".f64"), "=t t t t">;
def DivF32 : Inst<FloatArith, CountFloat, !strconcat("div", Round, "[.ftz].f32"), "=t t t">;
def DivApproxF32 : Inst<FloatArith, CountFloat, "div.(approx|full)[.ftz].f32", "=t t t">;
def DivF64 : Inst<FloatArith, CountFloat, !strconcat("div", Round, ".f64"), "=t t t">;
def RcpF32 : Inst<FloatArith, CountFloat, !strconcat("rcp", Round, "[.ftz].f32"), "=t t">;
def RcpF64 : Inst<FloatArith, CountFloat, !strconcat("rcp", Round, ".f64"), "=t t">;
def SqrtF32 : Inst<FloatArith, CountFloat, !strconcat("sqrt", Round, "[.ftz].f32"), "=t t">;
def SqrtF64 : Inst<FloatArith, CountFloat, !strconcat("sqrt", Round, ".f64"), "=t t">;
def AbsF32 : Inst<FloatMisc, CountFloat, "abs[.ftz].f32", "=t t">;
def AbsF64 : Inst<FloatMisc, CountFloat, "abs.f64", "=t t">;
def NegF32 : Inst<FloatMisc, CountFloat, "neg[.ftz].f32", "=t t">;
def NegF64 : Inst<FloatMisc, CountFloat, "neg.f64", "=t t">;
def MinF32 : Inst<FloatMisc, CountFloat, "min[.ftz][.NaN][.xorsign.abs].f32", "=t t t">;
def MaxF32 : Inst<FloatMisc, CountFloat, "max[.ftz][.NaN][.xorsign.abs].f32", "=t t t">;
def MinF64 : Inst<FloatMisc, CountFloat, "min.f64", "=t t t">;
def MaxF64 : Inst<FloatMisc, CountFloat, "max.f64", "=t t t">;
def Testp : Inst<FloatMisc, CountFloat,
    "testp.(finite|infinite|number|notanumber|normal|subnormal).(f32|f64)", "=pred t">;
def CopySign : Inst<FloatMisc, CountFloat, "copysign.(f32|f64)", "=t t t">;
def RcpApprox : Inst<FloatApprox, CountFloat, "rcp.approx[.ftz].f32", "=t t">;
def RcpApproxF64 : Inst<FloatApprox, CountFloat, "rcp.approx.ftz.f64", "=t t">;
def SqrtApprox : Inst<FloatApprox, CountFloat, "sqrt.approx[.ftz].f32", "=t t">;
def RsqrtApprox : Inst<FloatApprox, CountFloat, "rsqrt.approx[.ftz].f32", "=t t">;
def RsqrtApproxF64 : Inst<FloatApprox, CountFloat, "rsqrt.approx[.ftz].f64", "=t t">;
def SinApprox : Inst<FloatApprox, CountFloat, "sin.approx[.ftz].f32", "=t t">;
def CosApprox : Inst<FloatApprox, CountFloat, "cos.approx[.ftz].f32", "=t t">;
def Lg2Approx : Inst<FloatApprox, CountFloat, "lg2.approx[.ftz].f32", "=t t">;
def Ex2Approx : Inst<FloatApprox, CountFloat, "ex2.approx[.ftz].f32", "=t t">;
def TanhApprox : Inst<FloatApprox, CountFloat, "tanh.approx.f32", "=t t">;
}

//===- Half precision floating point -----------------------------------------===//
defvar Halves = "(f16|f16x2)";
defvar BHalves = "(bf16|bf16x2)";
let section = HalfPrecision in {
def AddH : Inst<Half, CountHalf, !strconcat("add[.rn][.ftz][.sat].", Halves), "=t t t">;
def SubH : Inst<Half, CountHalf, !strconcat("sub[.rn][.ftz][.sat].", Halves), "=t t t">;
def MulH : Inst<Half, CountHalf, !strconcat("mul[.rn][.ftz][.sat].", Halves), "=t t t">;
def FmaH : Inst<Half, CountHalf, !strconcat("fma.rn[.ftz][.(sat|relu)].", Halves), "=t t t t">;
def AddB : Inst<Half, CountHalf, !strconcat("add[.rn].", BHalves), "=t t t">;
def SubB : Inst<Half, CountHalf, !strconcat("sub[.rn].", BHalves), "=t t t">;
def MulB : Inst<Half, CountHalf, !strconcat("mul[.rn].", BHalves), "=t t t">;
def FmaB : Inst<Half, CountHalf, !strconcat("fma.rn[.relu].", BHalves), "=t t t t">;
def AbsH : Inst<Half, CountHalf, !strconcat("abs[.ftz].", Halves), "=t t">;
def NegH : Inst<Half, CountHalf, !strconcat("neg[.ftz].", Halves), "=t t">;
def AbsB : Inst<Half, CountHalf, !strconcat("abs.", BHalves), "=t t">;
def NegB : Inst<Half, CountHalf, !strconcat("neg.", BHalves), "=t t">;
def MinH : Inst<Half, CountHalf, !strconcat("min[.ftz][.NaN][.xorsign.abs].", Halves), "=t t t">;
def MaxH : Inst<Half, CountHalf, !strconcat("max[.ftz][.NaN][.xorsign.abs].", Halves), "=t t t">;
def MinB : Inst<Half, CountHalf, !strconcat("min[.NaN][.xorsign.abs].", BHalves), "=t t t">;
def MaxB : Inst<Half, CountHalf, !strconcat("max[.NaN][.xorsign.abs].", BHalves), "=t t t">;
def Ex2H : Inst<Half, CountHalf, !strconcat("ex2.approx.", Halves), "=t t">;
def Ex2B : Inst<Half, CountHalf, !strconcat("ex2.approx.ftz.", BHalves), "=t t">;
def TanhH : Inst<Half, CountHalf, !strconcat("tanh.approx.", Halves), "=t t">;
def TanhB : Inst<Half, CountHalf, !strconcat("tanh.approx.", BHalves), "=t t">;
}

//===- Mixed precision floating point ----------------------------------------===//
let section = MixedPrecision in {
def AddMixed : Inst<FloatArith, CountFloat, !strconcat("add", OptRound, "[.sat].f32.(f16|bf16)"),
    "=t t1 t">;
def SubMixed : Inst<FloatArith, CountFloat, !strconcat("sub", OptRound, "[.sat].f32.(f16|bf16)"),
    "=t t1 t">;
def FmaMixed : Inst<FloatArith, CountFloat, !strconcat("fma", Round, "[.sat].f32.(f16|bf16)"),
    "=t t1 t1 t">;
}

//===- Comparison and selection ----------------------------------------------===//
defvar IntCompare = "(eq|ne|lt|le|gt|ge|lo|ls|hi|hs)";
defvar CompareInts = "(b16|b32|b64|u16|u32|u64|s16|s32|s64)";
defvar FloatCompare = "(eq|ne|lt|le|gt|ge|equ|neu|ltu|leu|gtu|geu|num|nan)";
let section = Comparison in {
def SetpI : Inst<Compare, CountCompare, !strconcat("setp.", IntCompare, ".", CompareInts),
    "=p|q t t">;
def SetpIB : Inst<Compare, CountCompare, !strconcat("setp.", IntCompare, ".(and|or|xor).",
    CompareInts), "=p|q t t !pred">;
def SetpF : Inst<Compare, CountCompare, !strconcat("setp.", FloatCompare,
    "[.ftz].(f32|f64|f16|bf16)"), "=p|q t t">;
def SetpFB : Inst<Compare, CountCompare, !strconcat("setp.", FloatCompare,
    ".(and|or|xor)[.ftz].(f32|f64|f16|bf16)"), "=p|q t t !pred">;
def SetI : Inst<Compare, CountCompare, !strconcat("set.", IntCompare, ".(u32|s32|f32).",
    CompareInts), "=t t1 t1">;
def SetIB : Inst<Compare, CountCompare, !strconcat("set.", IntCompare,
    ".(and|or|xor).(u32|s32|f32).", CompareInts), "=t t1 t1 !pred">;
def SetF : Inst<Compare, CountCompare, !strconcat("set.", FloatCompare,
    "[.ftz].(u16|s16|u32|s32|f32|f16|bf16).(f32|f64|f16|bf16)"), "=t t1 t1">;
def SetFB : Inst<Compare, CountCompare, !strconcat("set.", FloatCompare,
    ".(and|or|xor)[.ftz].(u16|s16|u32|s32|f32|f16|bf16).(f32|f64|f16|bf16)"), "=t t1 t1 !pred">;
def Selp : Inst<Select, CountCompare,
    "selp.(b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64)", "=t t t pred">;
def SlctI : Inst<Select, CountCompare,
    "slct.(b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64).s32", "=t t t t1">;
def SlctF : Inst<Select, CountCompare,
    "slct[.ftz].(b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64).f32", "=t t t t1">;
}

//===- Half precision comparison ---------------------------------------------===//
let section = HalfComparison in {
def SetpH2 : Inst<Compare, CountCompare, !strconcat("setp.", FloatCompare, "[.ftz].(f16x2|bf16x2)"),
    "=p|q t t">;
def SetH2 : Inst<Compare, CountCompare, !strconcat("set.", FloatCompare,
    "[.ftz].(f16x2|bf16x2).(f16x2|bf16x2)"), "=t t1 t1">;
}

//===- Logic and shift -------------------------------------------------------===//
let section = LogicShift in {
def Shf : Inst<IntBits, CountInteger, "shf.(l|r).(clamp|wrap).b32", "=t t t u32">;
def And : Inst<Logic, CountInteger, "and.(b16|b32|b64|pred)", "=t t t">;
def Or : Inst<Logic, CountInteger, "or.(b16|b32|b64|pred)", "=t t t">;
def Xor : Inst<Logic, CountInteger, "xor.(b16|b32|b64|pred)", "=t t t">;
def Not : Inst<Logic, CountInteger, "not.(b16|b32|b64|pred)", "=t t">;
def Cnot : Inst<Logic, CountInteger, "cnot.(b16|b32|b64)", "=t t">;
def Lop3 : Inst<Logic, CountInteger, "lop3.b32", "=t t t t imm">;
def Lop3Bool : Inst<Misc, CountInteger, "lop3.(and|or).b32", "=t|p t t t imm pred">;
def Shl : Inst<Logic, CountInteger, "shl.(b16|b32|b64)", "=t t u32">;
def Shr : Inst<Logic, CountInteger, "shr.(b16|b32|b64|u16|u32|u64|s16|s32|s64)", "=t t u32">;
}

//===- Data movement ---------------------------------------------------------===//
defvar OptScope = "[.(cta|cluster|gpu|sys)]";
defvar OptSpace =
    "[.(global|const|shared|shared::cta|shared::cluster|local|param|param::entry|param::func)]";
defvar OptEviction = !strconcat(
    "[.(L1::evict_normal|L1::evict_unchanged|L1::evict_first|L1::evict_last|L1::no_allocate)]",
    "[.(L2::evict_normal|L2::evict_first|L2::evict_last)]");
defvar OptCacheHints = "[.L2::cache_hint][.(L2::64B|L2::128B|L2::256B)]";
defvar MemTypes = "(b8|b16|b32|b64|b128|u8|u16|u32|u64|s8|s16|s32|s64|f32|f64|f16|bf16)";
let section = DataMovement in {
def Prmt : Inst<IntBits, CountInteger, "prmt.b32[.(f4e|b4e|rc8|ecl|ecr|rc16)]", "=t t t t">;
def Cvta : Inst<Move, CountMove,
    "cvta[.to].(global|const|shared|shared::cta|shared::cluster|local|param|param::entry).u64",
    "=t t">;
def Isspacep : Inst<Move, CountMove,
    "isspacep.(global|const|shared|shared::cta|shared::cluster|local|param|param::entry)",
    "=pred u64">;
def Mov : Inst<Move, CountMove, "mov.(pred|b16|b32|b64|b128|u16|u32|u64|s16|s32|s64|f32|f64)", "*">;
let checks = [Bounds] in {
def Ld : Inst<Memory, CountOtherMemory, !strconcat("ld[.(weak|volatile|relaxed|acquire|mmio)]",
    OptScope, OptSpace, "[.(ca|cg|cs|lu|cv|nc)][.nc]", OptEviction, OptCacheHints,
    "[.unified][.(v2|v4|v8)].", MemTypes), "*">;
def Ldu : Inst<Memory, CountOtherMemory, !strconcat("ldu[.global][.(v2|v4)].", MemTypes), "*">;
def St : Inst<Memory, CountOtherMemory, !strconcat("st[.(weak|volatile|relaxed|release|mmio)]",
    OptScope, OptSpace, "[.(wb|cg|cs|wt)]", OptEviction, OptCacheHints, "[.(v2|v4|v8)].", MemTypes),
    "*">;
}
def Shfl : Inst<WarpOps, CountWarp, "shfl.sync.(up|down|bfly|idx).b32", "=t|p t u32 u32 b32">;
def ShflOld : Rejected<"shfl.(up|down|bfly|idx)",
    "without .sync it ended with sm_60; use shfl.sync">;
def Multimem : Rejected<"multimem", "multicast addresses of several GPUs">;
def MultimemMem : Rejected<"cp.reduce.async.bulk.multimem", "multicast addresses of several GPUs">;
def Mapa : Rejected<"mapa", "clusters of more than one CTA">;
def GetCtaRank : Rejected<"getctarank", "clusters of more than one CTA">;
def StAsync : Rejected<"st.async", "clusters of more than one CTA">;
def StBulk : Rejected<"st.bulk", "an instruction of sm_100">;
}

//===- Conversion ------------------------------------------------------------===//
defvar AnyInt = "(u8|u16|u32|u64|s8|s16|s32|s64)";
defvar AnyFloat = "(f16|bf16|f32|f64)";
let section = Conversion in {
def CvtII : Inst<Convert, CountConvert, !strconcat("cvt[.sat].", AnyInt, ".", AnyInt), "=x x1">;
def CvtFI : Inst<Convert, CountConvert, !strconcat("cvt.(rni|rzi|rmi|rpi)[.ftz][.sat].", AnyInt,
    ".", AnyFloat), "=x x1">;
def CvtIF : Inst<Convert, CountConvert, !strconcat("cvt", Round, "[.ftz][.sat].", AnyFloat, ".",
    AnyInt), "=x x1">;
def CvtFF : Inst<ConvertFloat, CountConvert,
    !strconcat("cvt[.(rn|rz|rm|rp|rni|rzi|rmi|rpi)][.relu][.satfinite][.ftz][.sat].", AnyFloat, ".",
    AnyFloat), "=x x1">;
def CvtPackH : Inst<ConvertFloat, CountConvert,
    "cvt.(rn|rz)[.relu][.satfinite].(f16x2|bf16x2).f32", "=t t1 t1">;
def CvtTf32 : Inst<ConvertFloat, CountConvert,
    "cvt.(rna|rn|rz)[.satfinite][.relu][.satfinite].tf32.f32", "=b32 f32">;
def CvtToFp8 : Inst<ConvertFloat, CountConvert,
    "cvt.rn.satfinite[.relu].(e4m3x2|e5m2x2).f32", "=b16 f32 f32">;
def CvtHToFp8 : Inst<ConvertFloat, CountConvert,
    "cvt.rn.satfinite[.relu].(e4m3x2|e5m2x2).f16x2", "=b16 b32">;
def CvtFromFp8 : Inst<ConvertFloat, CountConvert,
    "cvt.rn[.relu].f16x2.(e4m3x2|e5m2x2)", "=b32 b16">;
def CvtPack16 : Inst<Convert, CountConvert, "cvt.pack.sat.(u16|s16).s32", "=b32 s32 s32">;
def CvtPack8 : Inst<Convert, CountConvert, "cvt.pack.sat.(u8|s8).s32.b32", "=b32 s32 s32 b32">;
defvar NarrowFloats = "(e2m1x2|e2m3x2|e3m2x2|ue8m0x2|e2m1x4|e2m3x4|e3m2x4|e4m3x4|e5m2x4)";
def CvtToNarrow : Rejected<!strconcat("cvt[.(rn|rz|rp|rs)][.relu][.satfinite][.relu].",
    NarrowFloats), "narrow floats of sm_100">;
def CvtFromNarrow : Rejected<!strconcat("cvt.rn[.relu].(f16x2|bf16x2).", NarrowFloats),
    "narrow floats of sm_100">;
def CvtStochastic : Rejected<"cvt.rs", "stochastic rounding of sm_100">;
}

//===- Prefetching and cache control -----------------------------------------===//
let section = CacheControl in {
def Prefetch : Hint<Misc, CountOtherMemory,
    "prefetch[.(global|local)].(L1|L2|L2::evict_last|L2::evict_normal)", "*">;
def Prefetchu : Hint<Misc, CountOtherMemory, "prefetchu.L1", "*">;
def ApplyPriority : Hint<Misc, CountOtherMemory, "applypriority[.global].L2::evict_normal", "*">;
def Discard : Inst<Misc, CountOtherMemory, "discard[.global].L2", "*">;
def CreatePolicyFraction : Hint<Misc, CountMove,
    !strconcat("createpolicy.fractional.",
        "(L2::evict_last|L2::evict_normal|L2::evict_first|L2::evict_unchanged)",
    "[.(L2::evict_first|L2::evict_unchanged)].b64"), "=t f32?">;
def CreatePolicyCvt : Hint<Misc, CountMove, "createpolicy.cvt.L2.b64", "=t t">;
}

//===- Asynchronous copies ---------------------------------------------------===//
defvar BulkReduce = "cp.reduce.async.bulk.global.shared::cta.bulk_group[.L2::cache_hint]";
let section = AsyncCopies, checks = [Bounds] in {
def CpAsync : Inst<AsyncCopy, CountOtherMemory,
    !strconcat("cp.async.(ca|cg).(shared|shared::cta).global", OptCacheHints), "*">;
def CpAsyncCommit : Inst<AsyncCopy, CountOtherMemory, "cp.async.commit_group", "">;
def CpAsyncWait : Inst<AsyncCopy, CountOtherMemory, "cp.async.wait_group", "imm">;
def CpAsyncWaitAll : Inst<AsyncCopy, CountOtherMemory, "cp.async.wait_all", "">;
def CpAsyncArrive : Inst<AsyncCopy, CountBarrier,
    "cp.async.mbarrier.arrive[.noinc][.(shared|shared::cta)].b64", "*">;
def BulkLoad : Inst<Bulk, CountOtherMemory,
    !strconcat("cp.async.bulk.(shared::cluster|shared::cta).global.mbarrier::complete_tx::bytes",
    "[.L2::cache_hint]"), "*">;
def BulkMove : Inst<Bulk, CountOtherMemory,
    "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes", "*">;
def BulkStore : Inst<Bulk, CountOtherMemory,
    "cp.async.bulk.global.shared::cta.bulk_group[.L2::cache_hint]", "*">;
def BulkReduceB : Inst<Bulk, CountOtherMemory, !strconcat(BulkReduce, ".(and|or|xor).(b32|b64)"),
    "*">;
def BulkReduceAdd : Inst<Bulk, CountOtherMemory, !strconcat(BulkReduce,
    ".add.(u32|s32|u64|f32|f64)"), "*">;
def BulkReduceAddH : Inst<Bulk, CountOtherMemory, !strconcat(BulkReduce, ".add.noftz.(f16|bf16)"),
    "*">;
def BulkReduceMinMax : Inst<Bulk, CountOtherMemory, !strconcat(BulkReduce,
    ".(min|max).(u32|s32|u64|s64)"), "*">;
def BulkReduceIncDec : Inst<Bulk, CountOtherMemory, !strconcat(BulkReduce, ".(inc|dec).u32"), "*">;
def BulkPrefetch : Hint<Bulk, CountOtherMemory,
    "cp.async.bulk.prefetch.L2.global[.L2::cache_hint]", "*">;
def BulkCommit : Inst<Bulk, CountOtherMemory, "cp.async.bulk.commit_group", "">;
def BulkWait : Inst<Bulk, CountOtherMemory, "cp.async.bulk.wait_group[.read]", "imm">;
}

//===- Tensor copies and tensor maps -----------------------------------------===//
let section = TensorMaps in {
def BulkTensor : Rejected<"cp.async.bulk.tensor", "tensor copies">;
def BulkTensorReduce : Rejected<"cp.reduce.async.bulk.tensor", "tensor copies">;
def BulkTensorPrefetch : Rejected<"cp.async.bulk.prefetch.tensor", "tensor copies">;
def TensorMapReplace : Rejected<"tensormap", "tensor maps">;
}

//===- Textures --------------------------------------------------------------===//
let section = Texture in {
foreach opcode = ["tex", "tld4", "txq", "istypep"] in
  def Texture_#opcode : Rejected<opcode, "textures">;
}

//===- Surfaces --------------------------------------------------------------===//
let section = Surface in {
foreach opcode = ["suld", "sust", "sured", "suq"] in
  def Surface_#opcode : Rejected<opcode, "surfaces">;
}

//===- Control flow ----------------------------------------------------------===//
let section = ControlFlow in {
def Bra : Inst<Control, CountControl, "bra[.uni]", "*">;
def BrxIdx : Inst<Control, CountControl, "brx.idx[.uni]", "*">;
def Call : Inst<Control, CountControl, "call[.uni]", "*">;
def Ret : Inst<Control, CountControl, "ret[.uni]", "">;
def Exit : Inst<Control, CountControl, "exit", "">;
}

//===- Parallel synchronization and communication ----------------------------===//
let section = Synchronization in {
def BarWarp : Inst<WarpOps, CountBarrier, "bar.warp.sync", "b32">;
def BarSync : Inst<Barrier, CountBarrier, "bar[.cta].sync", "u32 u32?">;
def BarArrive : Inst<Barrier, CountBarrier, "bar[.cta].arrive", "u32 u32">;
def BarRedPopc : Inst<Barrier, CountBarrier, "bar[.cta].red.popc.u32", "*">;
def BarRedPred : Inst<Barrier, CountBarrier, "bar[.cta].red.(and|or).pred", "*">;
def BarrierSync : Inst<Barrier, CountBarrier, "barrier[.cta].sync[.aligned]", "u32 u32?">;
def BarrierArrive : Inst<Barrier, CountBarrier, "barrier[.cta].arrive[.aligned]", "u32 u32">;
def BarrierRedPopc : Inst<Barrier, CountBarrier, "barrier[.cta].red.popc[.aligned].u32", "*">;
def BarrierRedPred : Inst<Barrier, CountBarrier, "barrier[.cta].red.(and|or)[.aligned].pred", "*">;
def Membar : Inst<Misc, CountBarrier, "membar.(cta|gl|sys)", "">;
def Fence : Inst<Misc, CountBarrier,
    "fence[.(sc|acq_rel|acquire|release)].(cta|cluster|gpu|sys)", "">;
def FenceMbarrier : Inst<Misc, CountBarrier, "fence.mbarrier_init.release.cluster", "">;
def FenceTensorMapRelease : Inst<Misc, CountBarrier,
    "fence.proxy.tensormap::generic.release.(cta|cluster|gpu|sys)", "">;
def FenceTensorMapAcquire : Inst<Misc, CountBarrier,
    "fence.proxy.tensormap::generic.acquire.(cta|cluster|gpu|sys)", "*">;
def FenceProxy : Inst<Misc, CountBarrier,
    "fence.proxy.(alias|async|async.global|async.shared::cta|async.shared::cluster)", "">;
def GridDep : Hint<Misc, CountControl, "griddepcontrol.(wait|launch_dependents)", "">;
def BarrierCluster : Rejected<"barrier.cluster", "clusters of more than one CTA">;
def ClusterLaunchControl : Rejected<"clusterlaunchcontrol", "an instruction of sm_100">;
}

//===- Atomics and reductions ------------------------------------------------===//
class AtomicOp<string types, string ops> {
  string text = !strconcat("[.(relaxed|acquire|release|acq_rel)]", OptScope,
    "[.(global|shared|shared::cta|shared::cluster)]", OptScope, ".(", ops,
    ")[.noftz][.L2::cache_hint].(", types, ")");
}
let section = Atomics, checks = [Bounds] in {
def AtomI : Inst<Atomic, CountAtomic, !strconcat("atom",
    AtomicOp<"u32|s32|u64|s64", "add|min|max">.text), "*">;
def AtomF : Inst<Atomic, CountAtomic, !strconcat("atom",
    AtomicOp<"f32|f64|f16|bf16|f16x2|bf16x2", "add">.text), "*">;
def AtomMinMaxH : Inst<Atomic, CountAtomic, !strconcat("atom",
    AtomicOp<"f16|bf16|f16x2|bf16x2", "min|max">.text), "*">;
def AtomB : Inst<Atomic, CountAtomic, !strconcat("atom",
    AtomicOp<"b32|b64|u32|u64|s32", "and|or|xor">.text), "*">;
def AtomExch : Inst<Atomic, CountAtomic, !strconcat("atom",
    AtomicOp<"b32|b64|b128|u32|u64|f32", "exch">.text), "*">;
def AtomCas : Inst<Atomic, CountAtomic, !strconcat("atom",
    AtomicOp<"b16|b32|b64|b128|u32|u64", "cas">.text), "*">;
def AtomIncDec : Inst<Atomic, CountAtomic, !strconcat("atom", AtomicOp<"u32", "inc|dec">.text),
    "*">;
def RedI : Inst<Atomic, CountAtomic, !strconcat("red",
    AtomicOp<"u32|s32|u64|s64", "add|min|max">.text), "*">;
def RedF : Inst<Atomic, CountAtomic, !strconcat("red",
    AtomicOp<"f32|f64|f16|bf16|f16x2|bf16x2", "add">.text), "*">;
def RedMinMaxH : Inst<Atomic, CountAtomic, !strconcat("red",
    AtomicOp<"f16|bf16|f16x2|bf16x2", "min|max">.text), "*">;
def RedB : Inst<Atomic, CountAtomic, !strconcat("red",
    AtomicOp<"b32|b64|u32|u64|s32", "and|or|xor">.text), "*">;
def RedIncDec : Inst<Atomic, CountAtomic, !strconcat("red", AtomicOp<"u32", "inc|dec">.text), "*">;
def RedAsync : Rejected<"red.async", "clusters of more than one CTA">;
}

//===- Votes, matches and reductions of a warp -------------------------------===//
let section = WarpVotes in {
def Vote : Inst<WarpOps, CountWarp, "vote.sync.(all|any|uni).pred", "=pred !pred b32">;
def Ballot : Inst<WarpOps, CountWarp, "vote.sync.ballot.b32", "=b32 !pred b32">;
def MatchAny : Inst<WarpOps, CountWarp, "match.any.sync.(b32|b64)", "=b32 t b32">;
def MatchAll : Inst<WarpOps, CountWarp, "match.all.sync.(b32|b64)", "=b32|p t b32">;
def ReduxI : Inst<WarpOps, CountWarp, "redux.sync.(add|min|max).(u32|s32)", "=t t b32">;
def ReduxB : Inst<WarpOps, CountWarp, "redux.sync.(and|or|xor).b32", "=t t b32">;
def Elect : Inst<WarpOps, CountWarp, "elect.sync", "=b32|p b32">;
def ActiveMask : Inst<WarpOps, CountWarp, "activemask.b32", "=t">;
def VoteOld : Rejected<"vote.(all|any|uni|ballot)",
    "without .sync it ended with sm_60; use vote.sync">;
def ReduxFloat : Rejected<"redux.sync.(min|max)[.abs][.NaN].f32", "an instruction of sm_100">;
}

//===- mbarrier objects ------------------------------------------------------===//
defvar OptCtaShared = "[.(shared|shared::cta)]";
defvar TxSpace = "[.relaxed][.(cta|cluster)][.(shared|shared::cta|shared::cluster)]";
defvar OptShared = "[.(shared|shared::cta|shared::cluster)]";
defvar ArriveSpace = !strconcat("[.(release|relaxed)][.(cta|cluster)]", OptShared, ".b64");
defvar WaitSpace = !strconcat("[.(acquire|relaxed)][.(cta|cluster)]", OptCtaShared, ".b64");
let section = Mbarriers, checks = [Bounds] in {
def MbarrierInit : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.init", OptCtaShared, ".b64"),
    "*">;
def MbarrierInval : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.inval", OptCtaShared, ".b64"),
    "*">;
def MbarrierExpectTx : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.expect_tx", TxSpace,
    ".b64"), "*">;
def MbarrierCompleteTx : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.complete_tx", TxSpace,
    ".b64"), "*">;
def MbarrierArrive : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.arrive", ArriveSpace), "*">;
def MbarrierArriveTx : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.arrive.expect_tx",
    ArriveSpace), "*">;
def MbarrierArriveNoComplete : Inst<Mbarrier, CountBarrier,
    !strconcat("mbarrier.arrive.noComplete[.release][.cta]", OptCtaShared, ".b64"), "*">;
def MbarrierDrop : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.arrive_drop", ArriveSpace),
    "*">;
def MbarrierDropTx : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.arrive_drop.expect_tx",
    ArriveSpace), "*">;
def MbarrierDropNoComplete : Inst<Mbarrier, CountBarrier,
    !strconcat("mbarrier.arrive_drop.noComplete[.release][.cta]", OptCtaShared, ".b64"), "*">;
def MbarrierTestWait : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.test_wait[.parity]",
    WaitSpace), "*">;
def MbarrierTryWait : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.try_wait[.parity]",
    WaitSpace), "*">;
def MbarrierPending : Inst<Mbarrier, CountInteger, "mbarrier.pending_count.b64", "=b32 b64">;
}

//===- Warp-level matrices ---------------------------------------------------===//
defvar MmaPrefix = "mma.sync.aligned.";
defvar MmaSpPrefix = "mma.(sp|sp::ordered_metadata).sync.aligned.";
let section = WarpMatrix in {
let checks = [Bounds] in def LdMatrix : Inst<Matrix, CountSharedLoad,
    "ldmatrix.sync.aligned.m8n8.(x1|x2|x4)[.trans][.(shared|shared::cta)].b16", "*">;
let checks = [Bounds] in def StMatrix : Inst<Matrix, CountSharedStore,
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
def Wmma : Rejected<"wmma", "the wmma family; use ldmatrix and mma.sync">;
}

//===- Warpgroup-level matrices ----------------------------------------------===//
let section = Warpgroup in {
def Wgmma : Rejected<"wgmma", "matrices of a warpgroup">;
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
