// Launch: from a kernel image and a device to a launch, with every check that a bad call deserves
// and no cost that a good one doesn't.
#pragma once

#include "runtime/Device/Device.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace cosmati::runtime {

/// A kernel loaded on a device, ready to be launched: all that does not change from call to call.
struct LaunchEntry {
  Device *device = nullptr;
  std::unique_ptr<LoadedKernel> kernel;
  LaunchDims dims;              // grid is filled in per launch
  std::vector<ParamKind> kinds; // of the image's parameters, in order
  uint32_t callerId =
      0; // free for the caller, e.g. an index into its own table of compiled kernels
  const KernelImage &image() const { return kernel->image(); }
};

/// Loads `image` on `device` and checks what can be checked once: threads per CTA, shared memory,
/// cluster size.
llvm::Expected<std::unique_ptr<LaunchEntry>>
makeLaunchEntry(Device &device, std::shared_ptr<const KernelImage> image,
                bool programmatic = false);

/// A grid in programs (with numCtas > 1 a program is a cluster of that many CTAs along x).
struct Grid {
  int64_t x = 1, y = 1, z = 1;
};

/// Launches. A grid with a zero is no work: returns success and calls no one. Errors: a negative or
/// too large grid (x <= 2^31-1 CTAs, y and z <= 65535), wrong number of parameters, what the device
/// says (with the kernel's name).
llvm::Error launchEntry(LaunchEntry &entry, const Grid &grid, llvm::ArrayRef<void *> params,
                        Stream stream, llvm::ArrayRef<HostBuffer> buffers = {});

/// Packed key (PackedKey) -> LaunchEntry, one table per kernel. Lookups take no lock and never
/// wait; insertions take one. Entries live as long as the table: a launch may go on in one thread
/// while another inserts.
class KernelTable {
public:
  KernelTable();
  ~KernelTable();
  KernelTable(const KernelTable &) = delete;
  KernelTable &operator=(const KernelTable &) = delete;

  /// Null when the key was never inserted.
  LaunchEntry *lookup(llvm::ArrayRef<uint8_t> key) const;
  /// Takes the entry; where the key exists already, the present entry stays and is returned.
  LaunchEntry *insert(llvm::ArrayRef<uint8_t> key, std::unique_ptr<LaunchEntry> entry);
  size_t size() const;
  /// Takes the entries out that `keep` doesn't want, and returns them. Here alone no lookup may run
  /// beside it.
  std::vector<std::unique_ptr<LaunchEntry>>
  removeUnless(llvm::function_ref<bool(const LaunchEntry &)> keep);

private:
  struct Node;
  struct Table;
  static const Node *probe(const Table &table, uint64_t hash, llvm::ArrayRef<uint8_t> key);
  static void place(Table &table, const Node *node);

  std::atomic<Table *> current;
  mutable std::mutex mutex;                   // guards what follows
  std::vector<std::unique_ptr<Table>> tables; // outgrown ones stay: a reader may still be in them
  std::vector<std::unique_ptr<Node>> nodes;
};

} // namespace cosmati::runtime
