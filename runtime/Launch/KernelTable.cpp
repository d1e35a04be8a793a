// The table from a call's packed key to its entry.
//
// Open addressing over atomic pointers. A reader loads the current table once and probes it without
// a lock; a writer stores a finished node into an empty slot with release order, or publishes a
// larger table that holds the same nodes. Nodes are removed by removeUnless() alone and outgrown
// tables are kept until then, so whatever a reader holds stays valid. The kept tables' sizes are a
// geometric series: together at most as large as the current one.
#include "runtime/Launch/Launch.h"

#include "llvm/Support/xxhash.h"

#include <cstring>

using namespace cosmati::runtime;

struct KernelTable::Node {
  uint64_t hash;
  std::vector<uint8_t> key;
  std::unique_ptr<LaunchEntry> entry;
};

struct KernelTable::Table {
  explicit Table(size_t capacity) : mask(capacity - 1), slots(capacity) {}
  size_t mask; // capacity is a power of two
  std::vector<std::atomic<const Node *>> slots;
};

KernelTable::KernelTable() {
  tables.push_back(std::make_unique<Table>(8));
  current.store(tables.back().get(), std::memory_order_release);
}

KernelTable::~KernelTable() = default;

const KernelTable::Node *KernelTable::probe(const Table &table, uint64_t hash,
                                            llvm::ArrayRef<uint8_t> key) {
  // Ends: at most half of the slots are taken.
  for (size_t at = hash & table.mask;; at = (at + 1) & table.mask) {
    const Node *node = table.slots[at].load(std::memory_order_acquire);
    if (!node)
      return nullptr;
    if (node->hash == hash && node->key.size() == key.size() &&
        std::memcmp(node->key.data(), key.data(), key.size()) == 0)
      return node;
  }
}

void KernelTable::place(Table &table, const Node *node) {
  size_t at = node->hash & table.mask;
  while (table.slots[at].load(std::memory_order_relaxed))
    at = (at + 1) & table.mask;
  table.slots[at].store(node, std::memory_order_release);
}

LaunchEntry *KernelTable::lookup(llvm::ArrayRef<uint8_t> key) const {
  const Node *node = probe(*current.load(std::memory_order_acquire), llvm::xxh3_64bits(key), key);
  return node ? node->entry.get() : nullptr;
}

LaunchEntry *KernelTable::insert(llvm::ArrayRef<uint8_t> key, std::unique_ptr<LaunchEntry> entry) {
  uint64_t hash = llvm::xxh3_64bits(key);
  std::lock_guard<std::mutex> guard(mutex);
  if (const Node *present = probe(*tables.back(), hash, key))
    return present->entry.get();
  nodes.push_back(std::make_unique<Node>(Node{hash, key.vec(), std::move(entry)}));
  if (nodes.size() * 2 > tables.back()->slots.size()) {
    auto larger = std::make_unique<Table>(tables.back()->slots.size() * 2);
    for (const auto &node : nodes)
      place(*larger, node.get());
    tables.push_back(std::move(larger));
    current.store(tables.back().get(), std::memory_order_release);
  } else {
    place(*tables.back(), nodes.back().get());
  }
  return nodes.back()->entry.get();
}

size_t KernelTable::size() const {
  std::lock_guard<std::mutex> guard(mutex);
  return nodes.size();
}

std::vector<std::unique_ptr<LaunchEntry>>
KernelTable::removeUnless(llvm::function_ref<bool(const LaunchEntry &)> keep) {
  std::lock_guard<std::mutex> guard(mutex);
  std::vector<std::unique_ptr<LaunchEntry>> removed;
  std::vector<std::unique_ptr<Node>> kept;
  for (std::unique_ptr<Node> &node : nodes) {
    if (keep(*node->entry))
      kept.push_back(std::move(node));
    else
      removed.push_back(std::move(node->entry));
  }
  nodes = std::move(kept);
  // Slots are never emptied one by one: probing would end at them.
  size_t capacity = 8;
  while (nodes.size() * 2 > capacity)
    capacity *= 2;
  auto fresh = std::make_unique<Table>(capacity);
  for (const auto &node : nodes)
    place(*fresh, node.get());
  current.store(fresh.get(), std::memory_order_release);
  tables.clear();
  tables.push_back(std::move(fresh));
  return removed;
}
