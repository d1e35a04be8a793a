//===- InstructionsArithmetic.td - integer, floating point and logic -- -*- tablegen -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// A part of Instructions.td.
//===----------------------------------------------------------------------===//

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
def MinI2 : Inst<IntArith, CountInteger, "min.(u16x2|s16x2)", "=t t t">;
def MaxI2 : Inst<IntArith, CountInteger, "max.(u16x2|s16x2)", "=t t t">;
def : Form<MinI2, "min.relu.s16x2">;
def : Form<MaxI2, "max.relu.s16x2">;
def MulWide : Inst<IntWide, CountInteger, "mul.wide.(u16|s16|u32|s32)", "=w t t">;
def MadWide : Inst<IntWide, CountInteger, "mad.wide.(u16|s16|u32|s32)", "=w t t w">;
def Mul24Lo : Inst<IntWide, CountInteger, "mul24.lo.(u32|s32)", "=t t t">;
def Mul24Hi : Inst<IntWide, CountInteger, "mul24.hi.(u32|s32)", "=t t t">;
def Mad24Lo : Inst<IntWide, CountInteger, "mad24.lo.(u32|s32)", "=t t t t">;
def Mad24Hi : Inst<IntWide, CountInteger, "mad24.hi.(u32|s32)", "=t t t t">;
def Mad24HiSat : Inst<IntWide, CountInteger, "mad24.hi.sat.s32", "=t t t t">;
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
let doc = "a factor 0x7ff7, what tensor copies write for elements outside, gives +0" in
def FmaOob : Inst<Half, CountHalf,
    "fma.rn.oob[.relu].(f16|f16x2|bf16|bf16x2)", "=t t t t">;
def : Form<FmaOob, "fma.rn.relu.oob.(f16|f16x2|bf16|bf16x2)">;
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
defvar Order = "(eq|ne|lt|le|gt|ge)";
defvar UnsignedOrder = "(eq|ne|lt|le|gt|ge|lo|ls|hi|hs)";
defvar FloatOrder = "(eq|ne|lt|le|gt|ge|equ|neu|ltu|leu|gtu|geu|num|nan)";
defvar BoolOp = ".(and|or|xor)";
defvar Unsigned = ".(u16|u32|u64)";
defvar Signed = ".(s16|s32|s64)";
defvar Bits = ".(b16|b32|b64)";
let section = Comparison in {
def SetpI : Inst<Compare, CountCompare, !strconcat("setp.", UnsignedOrder, Unsigned), "=p|q t t">;
def : Form<SetpI, !strconcat("setp.", Order, Signed)>;
def : Form<SetpI, !strconcat("setp.(eq|ne)", Bits)>;
def SetpIB : Inst<Compare, CountCompare,
    !strconcat("setp.", UnsignedOrder, BoolOp, Unsigned), "=p|q t t !pred">;
def : Form<SetpIB, !strconcat("setp.", Order, BoolOp, Signed)>;
def : Form<SetpIB, !strconcat("setp.(eq|ne)", BoolOp, Bits)>;
def SetpF : Inst<Compare, CountCompare, !strconcat("setp.", FloatOrder, "[.ftz].f32"), "=p|q t t">;
def : Form<SetpF, !strconcat("setp.", FloatOrder, ".f64")>;
def SetpFB : Inst<Compare, CountCompare,
    !strconcat("setp.", FloatOrder, BoolOp, "[.ftz].f32"), "=p|q t t !pred">;
def : Form<SetpFB, !strconcat("setp.", FloatOrder, BoolOp, ".f64")>;
defvar To32 = ".(u32|s32|f32)";
def SetI : Inst<Compare, CountCompare, !strconcat("set.", UnsignedOrder, To32, Unsigned),
    "=t t1 t1">;
def : Form<SetI, !strconcat("set.", Order, To32, Signed)>;
def : Form<SetI, !strconcat("set.(eq|ne)", To32, Bits)>;
def SetIB : Inst<Compare, CountCompare,
    !strconcat("set.", UnsignedOrder, BoolOp, To32, Unsigned), "=t t1 t1 !pred">;
def : Form<SetIB, !strconcat("set.", Order, BoolOp, To32, Signed)>;
def : Form<SetIB, !strconcat("set.(eq|ne)", BoolOp, To32, Bits)>;
def SetF : Inst<Compare, CountCompare, !strconcat("set.", FloatOrder, "[.ftz]", To32, ".f32"),
    "=t t1 t1">;
def : Form<SetF, !strconcat("set.", FloatOrder, To32, ".f64")>;
def SetFB : Inst<Compare, CountCompare,
    !strconcat("set.", FloatOrder, BoolOp, "[.ftz]", To32, ".f32"), "=t t1 t1 !pred">;
def : Form<SetFB, !strconcat("set.", FloatOrder, BoolOp, To32, ".f64")>;
def Selp : Inst<Select, CountCompare,
    "selp.(b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64)", "=t t t pred">;
def SlctI : Inst<Select, CountCompare,
    "slct.(b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64).s32", "=t t t t1">;
def SlctF : Inst<Select, CountCompare,
    "slct[.ftz].(b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64).f32", "=t t t t1">;
}

//===- Half precision comparison ---------------------------------------------===//
let section = HalfComparison in {
def : Form<SetpF, !strconcat("setp.", FloatOrder, "[.ftz].f16")>;
def : Form<SetpF, !strconcat("setp.", FloatOrder, ".bf16")>;
def : Form<SetpFB, !strconcat("setp.", FloatOrder, BoolOp, "[.ftz].f16")>;
def : Form<SetpFB, !strconcat("setp.", FloatOrder, BoolOp, ".bf16")>;
def SetpH2 : Inst<Compare, CountCompare, !strconcat("setp.", FloatOrder, "[.ftz].f16x2"),
    "=p|q t t">;
def : Form<SetpH2, !strconcat("setp.", FloatOrder, ".bf16x2")>;
def SetpH2B : Inst<Compare, CountCompare, !strconcat("setp.", FloatOrder, BoolOp, "[.ftz].f16x2"),
    "=p|q t t !pred">;
def : Form<SetpH2B, !strconcat("setp.", FloatOrder, BoolOp, ".bf16x2")>;
defvar To16 = ".(f16|bf16)";
def : Form<SetI, !strconcat("set.", UnsignedOrder, To16, Unsigned)>;
def : Form<SetI, !strconcat("set.", Order, To16, Signed)>;
def : Form<SetI, !strconcat("set.(eq|ne)", To16, Bits)>;
def : Form<SetIB, !strconcat("set.", UnsignedOrder, BoolOp, To16, Unsigned)>;
def : Form<SetIB, !strconcat("set.", Order, BoolOp, To16, Signed)>;
def : Form<SetIB, !strconcat("set.(eq|ne)", BoolOp, To16, Bits)>;
defvar OfHalf = ".(u16|s16|u32|s32|f16|bf16).f16";
defvar OfBfloat = ".(u16|s16|u32|s32|bf16).bf16";
def : Form<SetF, !strconcat("set.", FloatOrder, To16, ".(f32|f64)")>;
def : Form<SetF, !strconcat("set.", FloatOrder, ".ftz.f16.f32")>;
def : Form<SetF, !strconcat("set.", FloatOrder, "[.ftz]", OfHalf)>;
def : Form<SetF, !strconcat("set.", FloatOrder, OfBfloat)>;
def : Form<SetFB, !strconcat("set.", FloatOrder, BoolOp, To16, ".(f32|f64)")>;
def : Form<SetFB, !strconcat("set.", FloatOrder, BoolOp, ".ftz.f16.f32")>;
def : Form<SetFB, !strconcat("set.", FloatOrder, BoolOp, "[.ftz]", OfHalf)>;
def : Form<SetFB, !strconcat("set.", FloatOrder, BoolOp, OfBfloat)>;
def SetH2 : Inst<Compare, CountCompare,
    !strconcat("set.", FloatOrder, "[.ftz].(f16x2|u32|s32).f16x2"), "=t t1 t1">;
def : Form<SetH2, !strconcat("set.", FloatOrder, ".(bf16x2|u32|s32).bf16x2")>;
def SetH2B : Inst<Compare, CountCompare,
    !strconcat("set.", FloatOrder, BoolOp, "[.ftz].(f16x2|u32|s32).f16x2"), "=t t1 t1 !pred">;
def : Form<SetH2B, !strconcat("set.", FloatOrder, BoolOp, ".(bf16x2|u32|s32).bf16x2")>;
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
def Lop3Bool : Inst<Misc, CountInteger, "lop3.(and|or).b32", "=t|p t t t imm !pred">;
def Shl : Inst<Logic, CountInteger, "shl.(b16|b32|b64)", "=t t u32">;
def Shr : Inst<Logic, CountInteger, "shr.(b16|b32|b64|u16|u32|u64|s16|s32|s64)", "=t t u32">;
}
