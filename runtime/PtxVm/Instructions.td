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

include "runtime/PtxVm/tblgen/InstructionBase.td"
include "runtime/PtxVm/InstructionsArithmetic.td"
include "runtime/PtxVm/InstructionsData.td"
include "runtime/PtxVm/InstructionsControl.td"
include "runtime/PtxVm/InstructionsMatrix.td"
