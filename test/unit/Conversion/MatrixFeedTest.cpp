// Between ldmatrix and mma.sync stand only addresses and the byte permutes that a plan asks for:
// words are never taken apart and put together again.
#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/StagingLayout.h"
#include "test/unit/Conversion/TransferProgram.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"

#include <gtest/gtest.h>

using namespace cosmati;
using transfer::Blocks;
using transfer::Element;

namespace {

constexpr int64_t kOneWarp[] = {1, 1};

struct Product {
  std::string instruction;
  Element element, sum;
  int64_t k; ///< of the instruction
  std::string target = "80";
};

const Product kProducts[] = {
    {"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", {"f16", 16}, {"f32", 32}, 16},
    {"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", {"bf16", 16}, {"f32", 32}, 16},
    {"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", {"f32", 32}, {"f32", 32}, 8},
    {"mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", {"i8", 8}, {"i32", 32}, 32},
    {"mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32", {"f8E4M3FN", 8}, {"f32", 32}, 32, "89"},
};

/// A product of blocks from shared memory: two tiles along each dimension.
struct Feed {
  const Product &product;
  bool rowMajorA, rowMajorB;

  LinearLayout a, b, acc;
  int64_t permutes = 0, loads = 0;
  std::string definitions, body;

  Feed(const Product &product, bool rowMajorA, bool rowMajorB)
      : product(product), rowMajorA(rowMajorA), rowMajorB(rowMajorB),
        a(mmaOperandA({32, 2 * product.k}, kOneWarp, product.element.bits)),
        b(mmaOperandB({2 * product.k, 16}, kOneWarp, product.element.bits)),
        acc(mmaAccumulator16x8({32, 16}, kOneWarp)) {
    if (product.element.bits == 8 && !rowMajorA)
      pair(a, 0);
    if (product.element.bits == 8 && rowMajorB)
      pair(b, 1);
    stage("a", a, rowMajorA, 0);
    stage("b", b, rowMajorB, 32 * 2 * product.k * product.element.bits / 8);
  }

  /// Rows or columns in another order, in the operand and in the sums.
  void pair(LinearLayout &operand, unsigned axis) {
    std::optional<unsigned> bit = pairingBit(operand, axis);
    ASSERT_TRUE(bit);
    operand = moveBitToFront(operand, axis, *bit);
    acc = moveBitToFront(acc, axis, *bit);
  }

  void stage(const std::string &name, const LinearLayout &layout, bool rowMajor, int64_t offset) {
    unsigned bits = product.element.bits;
    llvm::SmallVector<int64_t, 4> shape = layout.shape(), order{1, 0};
    if (!rowMajor)
      std::swap(order[0], order[1]);
    LinearLayout writer = blockedLayout(shape, coalescedParameters(shape, bits, 1, order));
    StagingOptions options;
    options.contiguousDim = rowMajor ? 1 : 0;
    auto choice = chooseStaging(writer, layout, bits, options);
    ASSERT_TRUE(bool(choice));
    auto plan = planLdmatrix(layout, choice->shared, bits);
    ASSERT_TRUE(bool(plan)) << llvm::toString(plan.takeError());
    permutes += plan->permuteCount();
    loads += int64_t(plan->instructions.size());

    Blocks from("w" + name, product.element, writer, rowMajor), to(name, product.element, layout);
    std::string memory = "<" + from.extents() + product.element.name + ", #m" + name + ">";
    definitions += from.definitions() + to.definitions() + "#m" + name + " = #tilegpu.shared<" +
                   choice->shared.toString() + ", alignment = 16>\n";
    body += from.addresses() + "  %v" + name + " = tile.load %q_w" + name + " : " +
            from.pointers() + "\n  %s" + name + " = tilegpu.shared_alloc \"" + name + "\" offset " +
            std::to_string(offset) + " : " + memory + "\n  tilegpu.shared_store %v" + name +
            ", %s" + name + " : " + from.type() + ", " + memory + "\n  tilegpu.barrier\n";
    reads += "  %" + name + " = tilegpu.shared_load %s" + name + " : " + memory + " -> " +
             to.type() + "\n";
  }

  std::string text() const {
    Blocks left("a", product.element, a), right("b", product.element, b),
        sums("c", product.sum, acc);
    const std::string pointer = product.element.pointer();
    return definitions + sums.definitions() +
           "module attributes {tilegpu.num_warps = 1 : i32, tilegpu.shared_bytes = 16384 : i32, "
           "tilegpu.target = #tilegpu.target<sm = \"" +
           product.target + "\">} {\nfunc.func @k(%p_wa: " + pointer + ", %p_wb: " + pointer +
           ", %p_c: " + product.sum.pointer() + ") attributes {tile.kernel} {\n" +
           sums.addresses() + "  %c = tile.load %q_c : " + sums.pointers() + "\n" + body + reads +
           "  %d = tilegpu.mma \"" + product.instruction + "\" %a, %b, %c : " + left.type() + ", " +
           right.type() + ", " + sums.type() + "\n  tile.store %q_c, %d : " + sums.pointers() +
           "\n  return\n}\n}\n";
  }

private:
  std::string reads;
};

/// Apart from the two: permutes, which are counted, and 64-bit addresses.
const llvm::StringRef kExpected[] = {"ldmatrix", "mma.sync", "prmt", "add.s64", "cvt.u64.u32"};

/// The instructions from the first ldmatrix to the last mma.sync.
llvm::SmallVector<llvm::StringRef> instructionsBetween(llvm::StringRef ptx) {
  size_t first = ptx.find("ldmatrix"), last = ptx.rfind("mma.sync");
  llvm::SmallVector<llvm::StringRef> lines, result;
  ptx.slice(first, last).split(lines, '\n');
  for (llvm::StringRef line : lines)
    if (line = line.trim(); !line.empty() && line[0] != '.' && line[0] != '{')
      result.push_back(line);
  return result;
}

} // namespace

TEST(MatrixFeed, NothingStandsBetweenLoadAndMultiplication) {
  for (const Product &product : kProducts)
    for (bool rowMajorA : {true, false})
      for (bool rowMajorB : {true, false}) {
        if (product.element.bits == 32 && (!rowMajorA || rowMajorB))
          continue; // not by ldmatrix
        SCOPED_TRACE(product.instruction + (rowMajorA ? " row" : " column") +
                     (rowMajorB ? " row" : " column"));
        Feed feed(product, rowMajorA, rowMajorB);
        std::string ptx = transfer::compile(feed.text(), product.target, 1);
        EXPECT_EQ(transfer::count(ptx, "ldmatrix"), feed.loads);
        EXPECT_EQ(transfer::count(ptx, "mma.sync"), 8);
        int64_t permutes = 0;
        for (llvm::StringRef line : instructionsBetween(ptx)) {
          permutes += line.starts_with("prmt");
          EXPECT_TRUE(llvm::any_of(kExpected, [&](llvm::StringRef name) {
            return line.starts_with(name);
          })) << line.str();
        }
        EXPECT_EQ(permutes, feed.permutes);
      }
}
