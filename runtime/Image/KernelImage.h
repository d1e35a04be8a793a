// KernelImage: everything that the runtime needs to know about one compiled kernel, in one
// self-describing object.
//
// The compiler produces it, the disk cache stores its serialised form, a Device loads it. It knows
// no MLIR, holds no pointer and no absolute path, so it can be copied between machines. Source
// positions are relative to each function's `def`: moving a kernel within its file changes nothing
// here.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cosmati::runtime {

/// How an argument is packed into its 8-byte parameter slot. Signedness doesn't matter for packing;
/// the language type's text (KernelParam::type) carries it. The numbers are part of the serialised
/// form: append only.
enum class ParamKind : uint8_t {
  Pointer = 0,
  I1 = 1, // a .u8 parameter that holds 0 or 1
  I8 = 2,
  I16 = 3,
  I32 = 4,
  I64 = 5,
  F16 = 6,
  BF16 = 7,
  F32 = 8,
  F64 = 9,
};
inline constexpr unsigned numParamKinds = 10;

/// Size of a parameter of this kind in the kernel's parameter space, in bytes; equals its
/// alignment.
unsigned paramBytes(ParamKind kind);
/// "pointer", "i32", ...: for messages.
llvm::StringRef paramKindName(ParamKind kind);

struct KernelParam {
  std::string name;
  ParamKind kind = ParamKind::I32;
  std::string type; // text of the language's type: "*fp32", "i32", "u64"
  bool operator==(const KernelParam &) const = default;
};

/// One level of a chain of inlined calls.
struct SourceFrame {
  std::string function; // qualified name of the kernel or device function
  int32_t line = 0;     // relative to the function's `def`, which is line 1
  int32_t column = 0;   // 1-based; 0: unknown
  bool operator==(const SourceFrame &) const = default;
};

/// Where an instruction comes from: innermost frame first, the kernel itself last.
struct SourceChain {
  llvm::SmallVector<SourceFrame, 2> frames;
  bool operator==(const SourceChain &) const = default;
};

/// One buffer in the CTA's shared memory. Buffers whose lifetimes don't meet may overlap.
struct SharedBuffer {
  uint32_t offset = 0, bytes = 0;
  std::string purpose; // "operand a of tl.dot, stage 0..2"
  uint32_t location =
      0; // numbered like `.loc` columns: 1-based index into KernelImage::chains, 0: none
  bool operator==(const SharedBuffer &) const = default;
};

/// File and first line of a function as it stands now; answered by the live front end when
/// something is reported.
struct FunctionPlace {
  std::string file;
  int32_t firstLine = 1; // line of the function's `def` in `file`
};
using FunctionLocator = llvm::function_ref<std::optional<FunctionPlace>(llvm::StringRef function)>;

struct KernelImage {
  std::string entry;  // name of the one .visible .entry of the PTX
  std::string target; // "sm_90a"
  int numWarps = 4, numCtas = 1, numStages = 1;
  uint32_t sharedBytes = 0; // dynamic shared memory of a launch, bytes per CTA
  int maxRegs = 0;          // limit given to the assembler; 0: none
  std::vector<KernelParam> params;
  std::string ptx;
  std::vector<uint8_t>
      cubin; // may be empty: the driver then assembles the PTX, and the VM runs it anyway
  int regs = -1, spillBytes = -1,
      stackBytes = -1; // per thread, as reported by the assembler; -1: not assembled
  /// `.loc F L C` in the PTX: column C is the 1-based index into `chains` (column 0: none), F and L
  /// are the innermost frame's file and line. See resolve().
  std::vector<SourceChain> chains;
  std::vector<SharedBuffer> sharedBuffers;
  std::map<std::string, std::string> metadata;
  std::map<std::string, std::string> stages; // optional texts of the IR: "tile", "tilegpu", "llvm"

  unsigned threadsPerCta() const { return 32u * static_cast<unsigned>(numWarps); }

  /// The chain that a `.loc` column (or SharedBuffer::location) stands for; null for 0 and for
  /// columns out of range.
  const SourceChain *resolve(uint32_t column) const;

  /// The `.loc` column in force at a line of the PTX (from 1); 0: none.
  uint32_t columnOfLine(uint32_t ptxLine) const;

  /// Versioned, checksummed, little-endian; equal images give equal bytes.
  std::vector<uint8_t> serialize() const;
  /// Errors (never a crash, never a partial image): not an image, another format version,
  /// truncated, corrupt.
  static llvm::Expected<KernelImage> deserialize(llvm::ArrayRef<uint8_t> bytes);

  bool operator==(const KernelImage &) const = default;
};

/// Version of the serialised form; part of the cache key. Raised with every change of the form.
inline constexpr uint32_t kernelImageVersion = 1;

/// Text of a chain, innermost frame first, one frame per line:
///     at reduce.py:41:12 in sum
///     called from softmax.py:17:9 in softmax_kernel
/// Functions that `locate` doesn't know (or a null `locate`) keep their relative position:
///     at line 3:12 of softmax_kernel
std::string formatChain(const SourceChain &chain, FunctionLocator locate = nullptr);

/// The buffers in shared memory, largest first, one per line with bytes, offset, purpose and
/// source: for the errors that say why a kernel doesn't fit. Empty when the image lists none.
std::string formatSharedBuffers(const KernelImage &image, FunctionLocator locate = nullptr);

} // namespace cosmati::runtime
