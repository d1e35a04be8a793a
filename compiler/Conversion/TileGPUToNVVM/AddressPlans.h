// Addresses that follow from other addresses of the same thread.
//
// The registers of a block of pointers mostly differ by amounts that are the same for all threads:
// constants, and multiples of strides. One of them then is an address of its own, and the others
// are it plus an amount, computed where the access stands: in a loop one 64-bit register lives
// through an iteration instead of one for each access, and the amounts lie in uniform registers.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/Emitter.h"

#include <optional>

namespace cosmati::tonvvm {

/// For the registers of one op's pointers: which follow from another one. Made before step 1, when
/// the ops that made the pointers are still there.
class AddressPlan {
public:
  /// This register's pointer = the pointer of register `from` + `bytes` + `amount` (i64, may be
  /// null).
  struct Step {
    int64_t from, bytes;
    Value amount;
  };
  /// By register; `from` is below the register.
  llvm::SmallDenseMap<int64_t, Step, 8> steps;
  /// The op stands in a loop, in which some amounts don't change.
  bool inLoop = false;
};

class AddressPlans {
public:
  /// Plans the accesses of all functions; emits their amounts in front of them.
  void prepare(mlir::ModuleOp module);
  /// Null where each pointer stands for itself.
  const AddressPlan *of(mlir::Operation *access) const;

private:
  llvm::DenseMap<mlir::Operation *, AddressPlan> plans;
};

/// The pointers of one access.
class AccessPointers {
public:
  AccessPointers(Emitter &emit, const AddressPlan *plan, ValueRange registers)
      : emit(emit), plan(plan), registers(registers) {}
  Value at(int64_t reg);

private:
  Value root(int64_t reg);

  Emitter &emit;
  const AddressPlan *plan;
  ValueRange registers;
  llvm::SmallDenseMap<int64_t, Value, 8> made;
};

} // namespace cosmati::tonvvm
