// A libcuda that records what it is asked to do: the driver's path is tested where there is no GPU.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cosmati::test {

/// One launch as the driver saw it.
struct FakeLaunch {
  unsigned grid[3], block[3], cluster[3], sharedBytes;
  bool programmatic, extended;
  void *stream;
  uint64_t params[4]; // the first `paramCount` values
};

/// What a test sets and reads. Each copy of the library has its own.
struct FakeCudaState {
  int initResult = 0, launchResult = 0, loadResult = 0, allocResult = 0;
  int deviceCount = 1, major = 9, minor = 0, clusters = 1;
  unsigned paramCount = 0;
  int capturing = 0;

  int initCalls = 0, loads = 0, unloads = 0, launches = 0, retained = 0;
  int pushes = 0, pops = 0, synchronizations = 0;
  int maxDynamicShared = 0, nonPortableCluster = 0;
  char loadedCode[64] = {};
  void *current = nullptr; // the thread's context; one thread is enough here
  FakeLaunch last = {};
};

} // namespace cosmati::test
