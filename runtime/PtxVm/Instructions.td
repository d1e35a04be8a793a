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

//===- Data movement ---------------------------------------------------------===//
defvar OptWindow = "[.(global|shared|shared::cta|shared::cluster)]";
defvar OptScope = "[.(cta|cluster|gpu|sys)]";
defvar Scope = ".(cta|cluster|gpu|sys)";
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
defvar Vector = "[.(v2|v4|v8)].";
defvar OtherSpace =
    ".(shared|shared::cta|shared::cluster|local|param|param::entry|param::func)";
def Ld : Inst<Memory, CountOtherMemory, !strconcat("ld[.weak][.(global|const)][.(ca|cg|cs|lu|cv)]",
    OptCacheHints, Vector, MemTypes), "*">;
def : Form<Ld, !strconcat("ld[.weak][.global]", OptEviction, OptCacheHints, Vector, MemTypes)>;
def : Form<Ld, !strconcat("ld[.weak]", OtherSpace, "[.(ca|cg|cs|lu|cv)]", Vector, MemTypes)>;
def : Form<Ld, !strconcat("ld[.weak].global[.(ca|cg|cs)].nc", OptCacheHints, Vector, MemTypes)>;
def : Form<Ld, !strconcat("ld[.weak].global.nc", OptEviction, OptCacheHints, Vector, MemTypes)>;
def : Form<Ld, !strconcat("ld.volatile", OptWindow, "[.(v2|v4)].", MemTypes)>;
def : Form<Ld, !strconcat("ld.(relaxed|acquire)", Scope, OptWindow, OptEviction, OptCacheHints,
    Vector, MemTypes)>;
def : Form<Ld, !strconcat("ld.mmio.relaxed.sys[.global].", MemTypes)>;
def Ldu : Inst<Memory, CountOtherMemory, !strconcat("ldu[.global][.(v2|v4)].", MemTypes), "*">;
def St : Inst<Memory, CountOtherMemory, !strconcat("st[.weak][.global][.(wb|cg|cs|wt)]",
    "[.L2::cache_hint]", Vector, MemTypes), "*">;
def : Form<St, !strconcat("st[.weak][.global]", OptEviction, "[.L2::cache_hint]", Vector,
    MemTypes)>;
def : Form<St, !strconcat("st[.weak]", OtherSpace, "[.(wb|cg|cs|wt)]", Vector, MemTypes)>;
def : Form<St, !strconcat("st.volatile", OptWindow, "[.(v2|v4)].", MemTypes)>;
def : Form<St, !strconcat("st.(relaxed|release)", Scope, OptWindow, OptEviction,
    "[.L2::cache_hint]", Vector, MemTypes)>;
def : Form<St, !strconcat("st.mmio.relaxed.sys[.global].", MemTypes)>;
}
def Shfl : Inst<WarpOps, CountWarp, "shfl.sync.(up|down|bfly|idx).b32", "=t|p t u32 u32 b32">;
def ShflOld : Rejected<"shfl.(up|down|bfly|idx)",
    "without .sync it ended with sm_60; use shfl.sync">;
def Multimem : Rejected<"multimem", "multicast addresses of several GPUs">;
def MultimemMem : Rejected<"cp.reduce.async.bulk.multimem", "multicast addresses of several GPUs">;
def Mapa : Inst<Cluster, CountMove, "mapa[.shared::cluster].(u32|u64)", "=t t u32">;
def GetCtaRank : Inst<Cluster, CountMove, "getctarank[.shared::cluster].(u32|u64)", "=u32 t">;
def StAsync : Inst<Cluster, CountOtherMemory,
    !strconcat("st.async[.weak][.shared::cluster].mbarrier::complete_tx::bytes[.(v2|v4)].",
    "(b32|b64|u32|u64|s32|s64|f32|f64)"), "*">;
def StBulk : Rejected<"st.bulk", "an instruction of sm_100">;
}

//===- Conversion ------------------------------------------------------------===//
defvar AnyInt = "(u8|u16|u32|u64|s8|s16|s32|s64)";
let section = Conversion in {
defvar Integral = "(rni|rzi|rmi|rpi)";
defvar ReluFinite = "[.(relu|satfinite|relu.satfinite|satfinite.relu)]";
def CvtII : Inst<Convert, CountConvert, !strconcat("cvt.", AnyInt, ".", AnyInt), "=x x1">;
def : Form<CvtII, "cvt.sat.u8.(u16|u32|u64|s8|s16|s32|s64)">;
def : Form<CvtII, "cvt.sat.u16.(u32|u64|s8|s16|s32|s64)">;
def : Form<CvtII, "cvt.sat.u32.(u64|s8|s16|s32|s64)">;
def : Form<CvtII, "cvt.sat.u64.(s8|s16|s32|s64)">;
def : Form<CvtII, "cvt.sat.s8.(u8|u16|u32|u64|s16|s32|s64)">;
def : Form<CvtII, "cvt.sat.s16.(u16|u32|u64|s32|s64)">;
def : Form<CvtII, "cvt.sat.s32.(u32|u64|s64)">;
def : Form<CvtII, "cvt.sat.s64.u64">;
def CvtFI : Inst<Convert, CountConvert,
    !strconcat("cvt.", Integral, "[.ftz][.sat].", AnyInt, ".f32"), "=x x1">;
def : Form<CvtFI, !strconcat("cvt.", Integral, "[.sat].", AnyInt, ".(f16|f64)")>;
def : Form<CvtFI, !strconcat("cvt.", Integral, ".", Ints, ".bf16")>;
def CvtIF : Inst<Convert, CountConvert, !strconcat("cvt", Round, "[.ftz][.sat].f32.", AnyInt),
    "=x x1">;
def : Form<CvtIF, !strconcat("cvt", Round, "[.sat].(f16|f64).", AnyInt)>;
def : Form<CvtIF, !strconcat("cvt", Round, ".bf16.", Ints)>;
def CvtFF : Inst<ConvertFloat, CountConvert, !strconcat("cvt[.", Integral, "][.ftz][.sat].f32.f32"),
    "=x x1">;
def : Form<CvtFF, !strconcat("cvt[.", Integral, "][.sat].f16.f16")>;
def : Form<CvtFF, !strconcat("cvt[.", Integral, "][.sat].f64.f64")>;
def : Form<CvtFF, !strconcat("cvt[.", Integral, "].bf16.bf16")>;
def : Form<CvtFF, !strconcat("cvt", Round, "[.sat].f16.f64")>;
def : Form<CvtFF, !strconcat("cvt", Round, "[.ftz][.sat].f32.f64")>;
def : Form<CvtFF, !strconcat("cvt", Round, "[.ftz][.sat].f16.f32")>;
def : Form<CvtFF, !strconcat("cvt", Round, "[.ftz].bf16.f32")>;
def : Form<CvtFF, !strconcat("cvt.(rn|rz)", ReluFinite, ".(f16|bf16).f32")>;
def : Form<CvtFF, !strconcat("cvt", Round, ".bf16.(f64|f16)")>;
def : Form<CvtFF, !strconcat("cvt", Round, ".f16.bf16")>;
def : Form<CvtFF, !strconcat("cvt", OptRound, ".f64.bf16")>;
def : Form<CvtFF, !strconcat("cvt", OptRound, "[.ftz].f32.bf16")>;
def : Form<CvtFF, "cvt[.ftz][.sat].f32.f16">;
def : Form<CvtFF, "cvt[.ftz][.sat].f64.f32">;
def : Form<CvtFF, "cvt[.sat].f64.f16">;
def CvtPackH : Inst<ConvertFloat, CountConvert,
    !strconcat("cvt.(rn|rz)", ReluFinite, ".(f16x2|bf16x2).f32"), "=t t1 t1">;
def CvtTf32 : Inst<ConvertFloat, CountConvert, "cvt.rna[.satfinite].tf32.f32", "=b32 f32">;
def : Form<CvtTf32, "cvt.(rn|rz)[.relu].tf32.f32">;
let doc = "of sm_100" in
def : Form<CvtTf32, "cvt.(rn|rz).(satfinite|satfinite.relu|relu.satfinite).tf32.f32">;
defvar Finite = ".(satfinite|satfinite.relu|relu.satfinite)";
def CvtToFp8 : Inst<ConvertFloat, CountConvert,
    !strconcat("cvt.rn", Finite, ".(e4m3x2|e5m2x2).f32"), "=b16 f32 f32">;
def CvtHToFp8 : Inst<ConvertFloat, CountConvert,
    !strconcat("cvt.rn", Finite, ".(e4m3x2|e5m2x2).f16x2"), "=b16 b32">;
def CvtFromFp8 : Inst<ConvertFloat, CountConvert,
    "cvt.rn[.relu].f16x2.(e4m3x2|e5m2x2)", "=b32 b16">;
def CvtPack16 : Inst<Convert, CountConvert, "cvt.pack.sat.(u16|s16).s32", "=b32 s32 s32">;
def CvtPack8 : Inst<Convert, CountConvert, "cvt.pack.sat.(u8|s8).s32.b32", "=b32 s32 s32 b32">;
foreach width = ["4", "2"] in
  foreach sign = ["u", "s"] in
    def CvtPack#!toupper(sign)#width : Inst<Convert, CountConvert,
        "cvt.pack.sat." # sign # width # ".s32.b32", "=b32 s32 s32 b32">;
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
def CreatePolicyRange : Hint<Misc, CountMove,
    !strconcat("createpolicy.range[.global].",
        "(L2::evict_last|L2::evict_normal|L2::evict_first|L2::evict_unchanged)",
        "[.(L2::evict_first|L2::evict_unchanged)].b64"), "*">;
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
def BulkMulticast : Inst<Bulk, CountOtherMemory,
    !strconcat("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes",
    ".multicast::cluster[.L2::cache_hint]"), "*">;
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
    ".(min|max).(u32|s32|u64|s64|f16|bf16)"), "*">;
def BulkReduceIncDec : Inst<Bulk, CountOtherMemory, !strconcat(BulkReduce, ".(inc|dec).u32"), "*">;
defvar BulkMoveReduce = !strconcat("cp.reduce.async.bulk.shared::cluster.shared::cta",
    ".mbarrier::complete_tx::bytes");
def BulkMoveReduceB : Inst<Bulk, CountOtherMemory, !strconcat(BulkMoveReduce, ".(and|or|xor).b32"),
    "*">;
def BulkMoveReduceAdd : Inst<Bulk, CountOtherMemory, !strconcat(BulkMoveReduce,
    ".add.(u32|s32|u64)"), "*">;
def BulkMoveReduceMinMax : Inst<Bulk, CountOtherMemory, !strconcat(BulkMoveReduce,
    ".(min|max).(u32|s32)"), "*">;
def BulkMoveReduceIncDec : Inst<Bulk, CountOtherMemory, !strconcat(BulkMoveReduce,
    ".(inc|dec).u32"), "*">;
def BulkPrefetch : Hint<Bulk, CountOtherMemory,
    "cp.async.bulk.prefetch.L2.global[.L2::cache_hint]", "*">;
def BulkCommit : Inst<Bulk, CountOtherMemory, "cp.async.bulk.commit_group", "">;
def BulkWait : Inst<Bulk, CountOtherMemory, "cp.async.bulk.wait_group[.read]", "imm">;
}

//===- Tensor copies and tensor maps -----------------------------------------===//
defvar TensorTo = "cp.async.bulk.tensor.(1d|2d|3d|4d|5d)";
defvar TensorLoadTo = !strconcat(TensorTo, ".(shared::cluster|shared::cta).global");
defvar TensorReduceBy = !strconcat("cp.reduce.async.bulk.tensor.(1d|2d|3d|4d|5d)",
    ".global.shared::cta.(add|min|max|inc|dec|and|or|xor)");
defvar TensorPrefetchFrom = "cp.async.bulk.prefetch.tensor.(1d|2d|3d|4d|5d).L2.global";
defvar TensorMapSpace = "[.(global|shared::cta)].b1024";
let section = TensorMaps in {
let checks = [Bounds] in {
def TensorLoad : Inst<Tensor, CountOtherMemory, !strconcat(TensorLoadTo,
    "[.tile].mbarrier::complete_tx::bytes[.L2::cache_hint]"), "*">;
def TensorLoadMulticast : Inst<Tensor, CountOtherMemory, !strconcat(TensorTo,
    ".shared::cluster.global[.tile].mbarrier::complete_tx::bytes.multicast::cluster",
    "[.L2::cache_hint]"), "*">;
def TensorStore : Inst<Tensor, CountOtherMemory, !strconcat(TensorTo,
    ".global.shared::cta[.tile].bulk_group[.L2::cache_hint]"), "*">;
def TensorReduce : Inst<Tensor, CountOtherMemory, !strconcat(TensorReduceBy,
    "[.tile].bulk_group[.L2::cache_hint]"), "*">;
def TensorPrefetch : Hint<Tensor, CountOtherMemory, !strconcat(TensorPrefetchFrom,
    "[.tile][.L2::cache_hint]"), "*">;
def TensorMapPrefetch : Inst<Tensor, CountOtherMemory, "prefetch[.(param|const)].tensormap", "*">;
def TensorMapAddress : Inst<Tensor, CountOtherMemory,
    !strconcat("tensormap.replace.tile.global_address", TensorMapSpace, ".b64"), "*">;
def TensorMapRank : Inst<Tensor, CountOtherMemory,
    !strconcat("tensormap.replace.tile.rank", TensorMapSpace, ".b32"), "*">;
def TensorMapOrdinal : Inst<Tensor, CountOtherMemory,
    !strconcat("tensormap.replace.tile.(box_dim|global_dim|element_stride)", TensorMapSpace,
    ".b32"), "*">;
def TensorMapStride : Inst<Tensor, CountOtherMemory,
    !strconcat("tensormap.replace.tile.global_stride", TensorMapSpace, ".b64"), "*">;
def TensorMapMode : Inst<Tensor, CountOtherMemory,
    !strconcat("tensormap.replace.tile.(elemtype|interleave_layout|swizzle_mode|fill_mode)",
    TensorMapSpace, ".b32"), "*">;
def TensorMapCopyFence : Inst<Tensor, CountBarrier,
    !strconcat("tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic.release",
    ".(cta|cluster|gpu|sys).sync.aligned"), "*">;
}
def TensorIm2col : Rejected<!strconcat(TensorLoadTo, ".(im2col|im2col::w|im2col::w::128)"),
    "im2col tensor maps">;
def TensorGather : Rejected<!strconcat(TensorLoadTo, ".tile::gather4"), "a mode of sm_100">;
def TensorStoreIm2col : Rejected<!strconcat(TensorTo, ".global.shared::cta.im2col_no_offs"),
    "im2col tensor maps">;
def TensorScatter : Rejected<!strconcat(TensorTo, ".global.shared::cta.tile::scatter4"),
    "a mode of sm_100">;
def TensorReduceIm2col : Rejected<!strconcat(TensorReduceBy, ".im2col_no_offs"),
    "im2col tensor maps">;
def TensorPrefetchIm2col : Rejected<!strconcat(TensorPrefetchFrom,
    ".(im2col|im2col::w|im2col::w::128)"), "im2col tensor maps">;
def TensorMapAtomicity : Rejected<"tensormap.replace.tile.swizzle_atomicity", "a field of sm_100">;
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
def Membar : Inst<Misc, CountBarrier, "membar.(cta|gl|sys|proxy.alias)", "">;
def Fence : Inst<Misc, CountBarrier,
    "fence[.(sc|acq_rel|acquire|release)].(cta|cluster|gpu|sys)", "">;
def FenceRestrict : Inst<Misc, CountBarrier, !strconcat("fence.(acquire.sync_restrict::shared::cluster",
    "|release.sync_restrict::shared::cta).cluster"), "">;
def FenceProxyGeneric : Inst<Misc, CountBarrier, !strconcat("fence.proxy.async::generic.",
    "(acquire.sync_restrict::shared::cluster|release.sync_restrict::shared::cta).cluster"), "">;
def FenceMbarrier : Inst<Misc, CountBarrier, "fence.mbarrier_init.release.cluster", "">;
def FenceTensorMapRelease : Inst<Misc, CountBarrier,
    "fence.proxy.tensormap::generic.release.(cta|cluster|gpu|sys)", "">;
def FenceTensorMapAcquire : Inst<Misc, CountBarrier,
    "fence.proxy.tensormap::generic.acquire.(cta|cluster|gpu|sys)", "*">;
def FenceProxy : Inst<Misc, CountBarrier,
    "fence.proxy.(alias|async|async.global|async.shared::cta|async.shared::cluster)", "">;
def GridDep : Hint<Misc, CountControl, "griddepcontrol.(wait|launch_dependents)", "">;
def BarrierClusterArrive : Inst<Cluster, CountBarrier,
    "barrier.cluster.arrive[.(release|relaxed)][.aligned]", "">;
def BarrierClusterWait : Inst<Cluster, CountBarrier, "barrier.cluster.wait[.acquire][.aligned]",
    "">;
def ClusterLaunchControl : Rejected<"clusterlaunchcontrol", "an instruction of sm_100">;
}

//===- Atomics and reductions ------------------------------------------------===//
defvar OptHint = "[.L2::cache_hint]";
/// What atom and red share; `head` is everything before the operation. libcu++ writes the order
/// behind the operation (`late`), which the assembler takes, too.
multiclass AtomicRows<string head, string late> {
  defvar hint = !strconcat(late, OptHint);
  def I : Inst<Atomic, CountAtomic, !strconcat(head, ".add", hint, ".(u32|s32|u64)"), "*">;
  def : Form<!cast<Inst>(NAME # "I"),
      !strconcat(head, ".(min|max)", hint, ".(u32|s32|u64|s64)")>;
  def F : Inst<Atomic, CountAtomic, !strconcat(head, ".add", hint, ".(f32|f64)"), "*">;
  def : Form<!cast<Inst>(NAME # "F"),
      !strconcat(head, ".add.noftz", OptHint, ".(f16|bf16|f16x2|bf16x2)")>;
  def B : Inst<Atomic, CountAtomic, !strconcat(head, ".(and|or|xor)", hint, ".(b32|b64)"), "*">;
  def IncDec : Inst<Atomic, CountAtomic, !strconcat(head, ".(inc|dec)", hint, ".u32"), "*">;
}
/// Vectors: every element is an atomic of its own.
multiclass AtomicVectors<string head> {
  def V : Inst<Atomic, CountAtomic, !strconcat(head, ".add", OptHint, ".(v2|v4).f32"), "*">;
  def : Form<!cast<Inst>(NAME # "V"),
      !strconcat(head, ".(add|min|max).noftz", OptHint, ".(v2|v4|v8).(f16|bf16)")>;
  def : Form<!cast<Inst>(NAME # "V"),
      !strconcat(head, ".(add|min|max).noftz", OptHint, ".(v2|v4).(f16x2|bf16x2)")>;
}
defvar AtomOrder = !strconcat("[.(relaxed|acquire|release|acq_rel)]", OptScope);
defvar RedOrder = !strconcat("[.(relaxed|release)]", OptScope);
defvar AtomHead = !strconcat("atom", AtomOrder);
defvar RedHead = !strconcat("red", RedOrder);
let section = Atomics, checks = [Bounds] in {
defm Atom : AtomicRows<!strconcat(AtomHead, OptWindow, OptScope), AtomOrder>;
def AtomExch : Inst<Atomic, CountAtomic,
    !strconcat(AtomHead, OptWindow, OptScope, ".exch", AtomOrder, OptHint, ".(b32|b64|b128)"), "*">;
def AtomCas : Inst<Atomic, CountAtomic,
    !strconcat(AtomHead, OptWindow, OptScope, ".cas", AtomOrder, OptHint, ".(b16|b32|b64|b128)"), "*">;
defm Atom : AtomicVectors<!strconcat(AtomHead, "[.global]", OptScope)>;
def : Form<AtomV, !strconcat(AtomHead, "[.global]", OptScope, ".(v2|v4).f32.add")>;
def : Form<AtomV, !strconcat(AtomHead, "[.global]", OptScope,
    ".(v2|v4|v8).(f16|bf16).(add|min|max).noftz")>;
def : Form<AtomV, !strconcat(AtomHead, "[.global]", OptScope,
    ".(v2|v4).(f16x2|bf16x2).(add|min|max).noftz")>;
defm Red : AtomicRows<!strconcat(RedHead, OptWindow, OptScope), RedOrder>;
defm Red : AtomicVectors<!strconcat(RedHead, "[.global]", OptScope)>;
defvar RedAsync = !strconcat("red.async.relaxed.cluster[.shared::cluster]",
    ".mbarrier::complete_tx::bytes");
def RedAsyncB : Inst<Cluster, CountAtomic, !strconcat(RedAsync, ".(and|or|xor).b32"), "*">;
def RedAsyncAdd : Inst<Cluster, CountAtomic, !strconcat(RedAsync, ".add.(u32|s32|u64)"), "*">;
def RedAsyncMinMax : Inst<Cluster, CountAtomic, !strconcat(RedAsync, ".(min|max).(u32|s32)"), "*">;
def RedAsyncIncDec : Inst<Cluster, CountAtomic, !strconcat(RedAsync, ".(inc|dec).u32"), "*">;
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
defvar WmmaPrefix = "wmma.mma.sync.aligned.";
defvar WmmaShapes = "m16n16k16|m8n32k16|m32n8k16";
defvar OptWmmaSpace = "[.(global|shared|shared::cta)]";
// The layout may stand before or behind the shape.
class WmmaMemory<string what, string shapes, string types> {
  string text = !strconcat("wmma.", what, ".sync.aligned[.(row|col)].(", shapes, ")", OptWmmaSpace,
                           "[.(row|col)]", OptWmmaSpace, ".(", types, ")");
}
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
def MmaQuads : Inst<Mma, CountTensor, !strconcat(MmaPrefix,
    "m8n8k4.(row|col).(row|col).(f16|f32).f16.f16.(f16|f32)"), "*"> {
  let doc = "the fragments of sm_70: four products of quads of threads";
}
let checks = [Bounds], doc = "the layout of fragments is the machine's own" in {
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
let checks = [Bounds] in {
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
