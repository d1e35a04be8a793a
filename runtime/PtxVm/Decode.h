//===- Decode.h - From parsed functions to executable code ---- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function goes through four steps: statements become draft instructions over virtual operands
// (DecodeFunction, DecodeOperands, DecodeMemory, DecodeControl); drafts become a control-flow graph
// with post-dominators (Cfg); registers get slots of the frame by liveness (Slots); and Emit writes
// it out.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/InstTable.h"
#include "runtime/PtxVm/Program.h"
#include "llvm/ADT/DenseMap.h"
#include <cstring>

namespace cosmati::ptxvm {

enum class Element : uint8_t;

/// A register, constant or special register before slots are known.
struct VirtualOp {
  enum Kind : uint8_t { None, Register, Constant, SpecialReg };
  Kind kind = None;
  uint32_t id = 0;
  bool operator==(const VirtualOp &) const = default;
};

/// Slot sizes: predicates are one word, the rest arrays of 32 lanes.
enum class SlotClass : uint8_t { Pred, Bits16, Bits32, Bits64, Bits128, NumClasses };
SlotClass slotClassOf(unsigned bits);
uint32_t slotBytes(SlotClass c);

/// An instruction whose operands are virtual.
struct Draft {
  enum Kind : uint8_t { Normal, Label, Branch, BranchTable, Leave };
  Kind kind = Normal;
  Inst inst{};
  std::array<VirtualOp, 8> ops{};
  uint8_t destinations = 0;      ///< bit k: ops[k] is written
  std::vector<VirtualOp> vector; ///< operands of an access with more than four elements
  bool vectorIsDestination = false;
  uint8_t vectorResults = 0;                ///< else: how many of them, the first ones, are written
  std::vector<llvm::StringRef> vectorNames; ///< wgmma: registers of `vector` as written
  VirtualOp guard;
  InstClass cls = InstClass::Control;
  InstMatch match;
  uint32_t statement = 0;
  uint32_t label = 0;              ///< Label: its number
  std::vector<uint32_t> targets;   ///< Branch: one label; BranchTable: all
  bool conditional = false;        ///< Branch: may fall through
  bool synthetic = false;          ///< not in the source
  uint32_t variable = kNoVariable; ///< whose address it names
};

/// A constant of the frame.
struct ConstantValue {
  SlotClass cls;
  uint64_t lo = 0, hi = 0;
};
struct SpecialUse {
  Special which;
  uint8_t bits;
  uint32_t offset = 0; ///< SharedAddress
  bool operator==(const SpecialUse &) const = default;
};

/// Everything known about a function while it is decoded.
struct FunctionDraft {
  std::vector<Draft> drafts;
  std::vector<SlotClass> registers; ///< declared ones, then the machine's own (carry, sinks)
  std::vector<ConstantValue> constants;
  std::vector<SpecialUse> specials;
};

/// Where a named variable lives, as an address operand.
struct VariablePlace {
  Space space = Space::Generic;
  uint64_t address = 0;
  bool frameRelative = false;
  uint32_t variable = kNoVariable; ///< in Program::variables
};

/// What functions need to know about the module around them.
struct ModuleContext {
  ModuleContext(Program &program, const std::vector<const ast::Function *> &allFunctions)
      : program(program), allFunctions(allFunctions) {}
  Program &program;
  const std::vector<const ast::Function *> &allFunctions; ///< of all linked modules
  llvm::StringRef name;                                   ///< the module's, for messages
  llvm::StringMap<VariablePlace> variables;               ///< module scope
  llvm::StringMap<uint32_t> functions;  ///< by name as this module sees them: number
  llvm::StringMap<uint32_t> unresolved; ///< .extern variables that nobody defines; their lines
  /// Why `symbol` isn't there.
  std::string missing(llvm::StringRef symbol) const;
};

/// Decodes one function. Member functions return false once `error` is set.
class FunctionDecoder {
public:
  FunctionDecoder(ModuleContext &context, const ast::Function &fn, uint32_t index,
                  std::vector<VariablePlace> places);
  bool run();
  std::string error;
  FunctionDraft draft;
  std::vector<CallSite> calls; ///< targets hold virtual register numbers until emission
  std::vector<VirtualOp> callTargets;

private:
  ModuleContext &context;
  const ast::Function &fn;
  uint32_t index;
  std::vector<VariablePlace> places; ///< by variable of the function
  const ast::Statement *statement = nullptr;
  InstMatch match;
  Selection selection{};
  Draft current;
  uint32_t nextLabel = 0;
  std::vector<llvm::StringMap<int64_t>> registerCache; ///< by scope: register number or -1
  llvm::DenseMap<std::pair<uint64_t, uint64_t>, uint32_t> constantIndex;
  uint32_t carry = ~0u;
  uint32_t sinks[size_t(SlotClass::NumClasses)];

  bool fail(const llvm::Twine &reason);

  // DecodeFunction.cpp
  bool decodeStatement(uint32_t index);
  bool decodeInstruction(uint32_t index);
  bool unguard();
  bool select();
  bool finish();
  Draft &push(Draft d);

  // DecodeOperands.cpp
  int64_t findRegister(llvm::StringRef name, uint32_t scope);
  const VariablePlace *findVariable(llvm::StringRef name);
  std::optional<uint32_t> findLabel(llvm::StringRef name);
  VirtualOp constant(SlotClass cls, uint64_t lo, uint64_t hi = 0);
  VirtualOp sink(SlotClass cls);
  VirtualOp carryFlag();
  VirtualOp special(Special which, unsigned bits, uint32_t offset = 0);
  bool guardOperand();
  bool genericOperands();
  bool applyRule(const OperandRule &rule, const ast::Operand &operand, unsigned &slot);
  bool predicateOperand(const ast::Operand &operand, bool destination, bool mayNegate,
                        VirtualOp &out);
  bool valueOperand(const ast::Operand &operand, ScalarType type, unsigned bits, bool relaxed,
                    VirtualOp &out, unsigned &regBits);
  bool destinationOperand(const ast::Operand &operand, ScalarType type, unsigned bits, bool relaxed,
                          VirtualOp &out, unsigned &regBits);
  bool immediate(const ast::Operand &operand, ScalarType type, unsigned bits, VirtualOp &out);
  bool symbolValue(const ast::Operand &operand, unsigned bits, VirtualOp &out);
  bool checkRegister(llvm::StringRef name, ScalarType reg, ScalarType type, unsigned bits,
                     bool relaxed);
  void addOp(unsigned k, VirtualOp op, bool destination);

  // DecodeMemory.cpp
  bool decodeMov();
  bool decodeMovVector(const ast::Operand &vector, bool pack);
  bool decodeLoadStore(bool load);
  bool decodeAtomic(bool returns);
  bool decodeAtomicVector(bool returns);
  bool decodePolicyRange();
  bool cachePolicy(size_t used);
  bool decodeAddress(const ast::Operand &operand, Space space);
  bool decodeHint();
  Space spaceOf() const;

  // DecodeAsync.cpp
  bool listAddress(const ast::Operand &operand, Space space);
  bool listValue(const ast::Operand &operand, unsigned bits);
  bool decodeAsyncCopy();
  bool decodeCpAsync();
  bool decodeMbarrier();
  bool decodeBulk();

  // DecodeTensor.cpp
  bool decodeTensor();
  bool decodeTensorMap();
  bool listTensor(const ast::Operand &operand, unsigned rank);

  // DecodeCluster.cpp
  bool decodeCluster();
  bool decodeRemoteStore();

  // DecodeMatrix.cpp
  bool fragment(const ast::Operand &operand, unsigned count, unsigned bits, bool destination);
  bool decodeMatrix();
  /// Appends the instruction, whose handler finds `kind` in Inst::imm.
  template <class Kind> bool finishMatrix(const Kind &kind) {
    static_assert(sizeof(Kind) <= sizeof(Inst::imm));
    std::memcpy(&current.inst.imm, &kind, sizeof(kind));
    if (!select())
      return false;
    push(current);
    return true;
  }
  bool decodeMma();
  bool decodeMmaQuads();

  // DecodeWmma.cpp
  bool decodeWmma();
  bool decodeWmmaAccess(bool load);
  bool decodeWmmaMultiply();

  // DecodeWgmma.cpp
  bool decodeWgmma();
  bool choiceOperand(const ast::Operand &operand, const char *name, int64_t first, int64_t second,
                     bool &value);
  bool wgmmaFlags(llvm::ArrayRef<ast::Operand> rest, struct WgmmaKind &kind);

  // DecodeControl.cpp
  bool decodeControl();
  bool decodeBranch();
  bool decodeBranchIndexed();
  bool decodeCall();
  bool decodeBarrier();
  bool callSlices(const ast::Operand &list, std::vector<Slice> &out);
};

/// Special register called `name` ("%tid.x") and its natural width.
std::optional<std::pair<Special, unsigned>> parseSpecial(llvm::StringRef name);

/// The matrix element type that a modifier names. (DecodeMatrix.cpp)
std::optional<Element> elementOf(llvm::StringRef name);

/// Puts checks before instructions that may touch registers in flight in a wgmma.mma_async, and
/// keeps those registers alive. `always`: a guard that holds for all lanes. (WgmmaFlow.cpp)
void checkWgmmaRegisters(std::vector<Draft> &drafts, bool entry, const VirtualOp &always);

/// Turns the drafts of a function into blocks, slots and instructions at the end of `program`.
void emitFunction(Program &program, FunctionInfo &info, uint32_t index, const ast::Function &fn,
                  FunctionDecoder &decoder);

} // namespace cosmati::ptxvm
