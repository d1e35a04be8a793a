//===- WorkerPool.cpp -----------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/WorkerPool.h"
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace {

/// Threads that wait for tasks. Never destroyed: its threads may outlive static destructors.
class Pool {
public:
  void submit(std::function<void()> task, uint32_t wanted) {
    std::lock_guard<std::mutex> lock(mutex);
    tasks.push_back(std::move(task));
    if (idle < tasks.size() && threads < wanted) {
      ++threads;
      std::thread([this] { loop(); }).detach();
    }
    ready.notify_one();
  }

private:
  std::mutex mutex;
  std::condition_variable ready;
  std::deque<std::function<void()>> tasks;
  size_t idle = 0;
  uint32_t threads = 0;

  void loop() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      ++idle;
      ready.wait(lock, [this] { return !tasks.empty(); });
      --idle;
      auto task = std::move(tasks.front());
      tasks.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }
};

Pool &pool() {
  static std::mutex mutex;
  static Pool *instance = nullptr;
  static pid_t owner = 0;
  std::lock_guard<std::mutex> lock(mutex);
  if (!instance || owner != getpid()) { // threads don't survive a fork
    instance = new Pool;
    owner = getpid();
  }
  return *instance;
}

} // namespace

void cosmati::ptxvm::runOnWorkers(uint32_t count, const std::function<void(uint32_t)> &work,
                                  std::chrono::milliseconds interval,
                                  const std::function<void()> &whileWaiting) {
  std::mutex mutex;
  std::condition_variable finished;
  uint32_t running = count ? count - 1 : 0;
  for (uint32_t k = 1; k < count; ++k)
    pool().submit(
        [&, k] {
          work(k);
          std::lock_guard<std::mutex> lock(mutex);
          if (--running == 0)
            finished.notify_one();
        },
        64);
  work(0);
  std::unique_lock<std::mutex> lock(mutex);
  while (!finished.wait_for(lock, interval, [&] { return running == 0; })) {
    lock.unlock();
    whileWaiting();
    lock.lock();
  }
}
