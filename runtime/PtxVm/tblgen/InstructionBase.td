//===- InstructionBase.td - Classes of the instruction table -*- tablegen -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a row of Instructions.td says. cosmati-ptx-tblgen makes two things of the rows: the X-macros
// of Instructions.inc (-gen-instructions) and docs/reference/ptx-coverage.md (-gen-coverage).
//
//===----------------------------------------------------------------------===//

/// A file of handlers under exec/. The record's name is the enumerator of Family.
class Family;

/// A class of the launch counters: an enumerator of InstClass.
class Counter<string id> {
  string name = id;
}

/// A heading of the coverage page: a section of the PTX ISA manual.
class Section<string number, string title> {
  string sectionNumber = number;
  string sectionTitle = title;
}

/// A checker that looks at what an instruction does, by the name that `--check` takes.
class Checker<string name, string what> {
  string checkerName = name;
  string description = what;
}

class Row<string form> {
  string syntax = form;
  Section section;
  list<Checker> checks = [];
  string doc = ""; // a remark on the coverage page
}

/// An instruction that is executed. The record's name is the enumerator of InstId.
class Inst<Family instFamily, Counter instCounter, string form, string operandRules> : Row<form> {
  Family family = instFamily;
  Counter counter = instCounter;
  string operands = operandRules;
  bit noEffect = false;
}

/// An instruction that is checked when it is loaded and then does nothing: a hint to hardware that
/// the machine doesn't have.
class Hint<Family instFamily, Counter instCounter, string form, string operandRules>
    : Inst<instFamily, instCounter, form, operandRules> {
  let noEffect = true;
}

/// Another syntax of an instruction: the same enumerator, handler and operands.
class Form<Inst first, string form> : Inst<first.family, first.counter, form, first.operands> {
  Inst variantOf = first;
  let noEffect = first.noEffect;
}

/// An instruction that PTX has and the machine refuses. `form` may be the beginning of a syntax;
/// it is looked at after all rows of Inst. The error reads "not implemented: <why>".
class Rejected<string form, string why> : Row<form> {
  string reason = why;
}

// Families: one file of handlers each.
def IntArith : Family;
def IntWide : Family;
def IntCarry : Family;
def IntBits : Family;
def Logic : Family;
def Compare : Family;
def Select : Family;
def FloatArith : Family;
def FloatMisc : Family;
def FloatApprox : Family;
def Half : Family;
def Convert : Family;
def ConvertFloat : Family;
def Move : Family;
def Memory : Family;
def Atomic : Family;
def WarpOps : Family;
def Barrier : Family;
def Control : Family;
def Misc : Family;
def Matrix : Family;
def Mma : Family;
def Wmma : Family;
def Wgmma : Family;
def AsyncCopy : Family;
def Mbarrier : Family;
def Bulk : Family;
def Tensor : Family;
def Cluster : Family;

// Classes of the launch counters.
def CountInteger : Counter<"Integer">;
def CountFloat : Counter<"Float">;
def CountHalf : Counter<"Half">;
def CountConvert : Counter<"Convert">;
def CountMove : Counter<"Move">;
def CountCompare : Counter<"Compare">;
def CountControl : Counter<"Control">;
def CountGlobalLoad : Counter<"GlobalLoad">;
def CountGlobalStore : Counter<"GlobalStore">;
def CountSharedLoad : Counter<"SharedLoad">;
def CountSharedStore : Counter<"SharedStore">;
def CountOtherMemory : Counter<"OtherMemory">;
def CountAtomic : Counter<"Atomic">;
def CountBarrier : Counter<"Barrier">;
def CountWarp : Counter<"Warp">;
def CountSpecial : Counter<"Special">;
def CountTensor : Counter<"Tensor">;

// Headings of the coverage page, in its order.
def IntegerArith : Section<"9.7.1", "Integer arithmetic">;
def ExtendedPrecision : Section<"9.7.2", "Extended-precision integer arithmetic">;
def FloatingPoint : Section<"9.7.3", "Floating point">;
def HalfPrecision : Section<"9.7.4", "Half precision floating point">;
def MixedPrecision : Section<"9.7.5", "Mixed precision floating point">;
def Comparison : Section<"9.7.6", "Comparison and selection">;
def HalfComparison : Section<"9.7.7", "Half precision comparison">;
def LogicShift : Section<"9.7.8", "Logic and shift">;
def DataMovement : Section<"9.7.9", "Data movement">;
def Conversion : Section<"9.7.9", "Conversion">;
def CacheControl : Section<"9.7.9", "Prefetching and cache control">;
def AsyncCopies : Section<"9.7.9", "Asynchronous copies">;
def TensorMaps : Section<"9.7.9", "Tensor copies and tensor maps">;
def Texture : Section<"9.7.10", "Textures">;
def Surface : Section<"9.7.11", "Surfaces">;
def ControlFlow : Section<"9.7.12", "Control flow">;
def Synchronization : Section<"9.7.13", "Parallel synchronization and communication">;
def Atomics : Section<"9.7.13", "Atomics and reductions">;
def WarpVotes : Section<"9.7.13", "Votes, matches and reductions of a warp">;
def Mbarriers : Section<"9.7.13", "mbarrier objects">;
def WarpMatrix : Section<"9.7.14", "Warp-level matrices">;
def Warpgroup : Section<"9.7.15", "Warpgroup-level matrices">;
def TensorCore5 : Section<"9.7.16", "Fifth-generation tensor cores">;
def Stack : Section<"9.7.17", "Stack manipulation">;
def Video : Section<"9.7.18", "Video">;
def Miscellaneous : Section<"9.7.19", "Miscellaneous">;

// Checkers.
def Bounds : Checker<"bounds", "always on: every byte lies inside one buffer, the address is a "
    "multiple of the size, and what is written may be written">;
def Uninitialized : Checker<"uninitialized", "on request: every byte that is read was written">;
def Race : Checker<"race", "on request: synchronisation orders every two accesses to a byte of "
    "which one writes; of an instruction that synchronises: what it orders">;
def Slices : Checker<"slices", "on request: an address stays inside the variable or the "
    "argument's view that it was made from">;
def Overflow : Checker<"overflow", "on request: no signed 32-bit overflow reaches the address">;
def Sync : Checker<"sync", "on request: barriers, mbarriers and asynchronous copies are used as "
    "they must be">;

// Of loads, stores and atomics; and of copies that run by themselves.
defvar Accesses = [Bounds, Uninitialized, Race, Slices, Overflow];
defvar Transfers = [Bounds, Uninitialized, Race, Sync];
