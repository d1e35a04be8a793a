#include "runtime/Image/KernelImage.h"
#include "TestSupport.h"
#include "runtime/Image/ByteStream.h"

using namespace cosmati::runtime;
using namespace cosmati::test;

namespace {
KernelImage sampleImage() {
  KernelImage image;
  image.entry = "gemm_kernel";
  image.target = "sm_90a";
  image.numWarps = 8;
  image.numCtas = 2;
  image.numStages = 3;
  image.sharedBytes = 98304;
  image.maxRegs = 168;
  image.params = {{"a_ptr", ParamKind::Pointer, "*fp16"},
                  {"alpha", ParamKind::F32, "fp32"},
                  {"K", ParamKind::I32, "i32"}};
  image.ptx = ".version 8.0\n";
  image.cubin = {0x7f, 'E', 'L', 'F', 0, 255};
  image.regs = 128;
  image.spillBytes = 0;
  image.stackBytes = 16;
  image.chains = {{{{"gemm_kernel", 12, 9}}},
                  {{{"cosmati.language.sum", 3, 1}, {"gemm_kernel", 40, 13}}}};
  image.sharedBuffers = {{0, 65536, "operand a of tl.dot, stages 0..1", 1},
                         {65536, 32768, "operand b of tl.dot, stages 0..1", 2}};
  image.metadata = {{"compiler", "cosmati 0.1.0"}, {"reason", "new dtype"}};
  image.stages = {{"tile", "module {}"}};
  return image;
}

TEST(KernelImage, survivesTheRoundTrip) {
  KernelImage image = sampleImage();
  KernelImage back = valueOf(KernelImage::deserialize(image.serialize()));
  EXPECT_EQ(back, image);
  EXPECT_EQ(back.serialize(), image.serialize());
}

TEST(KernelImage, defaultsAndExtremesSurviveTheRoundTrip) {
  KernelImage image;
  EXPECT_EQ(valueOf(KernelImage::deserialize(image.serialize())), image);
  image.sharedBytes = UINT32_MAX;
  image.regs = INT32_MIN;
  image.stackBytes = INT32_MAX;
  image.chains = {{}, {{{"", INT32_MIN, INT32_MAX}}}};
  image.cubin.assign(100000, 0xab);
  EXPECT_EQ(valueOf(KernelImage::deserialize(image.serialize())), image);
}

TEST(KernelImage, everyFlippedByteIsNoticed) {
  const std::vector<uint8_t> good = sampleImage().serialize();
  for (size_t i = 0; i < good.size(); ++i)
    for (uint8_t flip : {0x01, 0x80, 0xff}) {
      std::vector<uint8_t> bad = good;
      bad[i] ^= flip;
      EXPECT_NE(textOf(KernelImage::deserialize(bad)), "") << "byte " << i << " of " << good.size();
    }
}

TEST(KernelImage, everyTruncationIsNoticed) {
  const std::vector<uint8_t> good = sampleImage().serialize();
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_TRUE(
        contains(textOf(KernelImage::deserialize(llvm::ArrayRef<uint8_t>(good).take_front(size))),
                 "truncated"))
        << size;
}

TEST(KernelImage, errorsSayWhatIsWrong) {
  std::vector<uint8_t> bytes = sampleImage().serialize();
  std::vector<uint8_t> longer = bytes;
  longer.push_back(0);
  EXPECT_TRUE(contains(textOf(KernelImage::deserialize(longer)), "1 bytes follow its end"));
  std::vector<uint8_t> other = bytes;
  other[8] = 9;
  EXPECT_TRUE(contains(textOf(KernelImage::deserialize(other)), "format version 9"));
  std::vector<uint8_t> flipped = bytes;
  flipped.back() ^= 1;
  EXPECT_TRUE(contains(textOf(KernelImage::deserialize(flipped)), "checksum"));
  EXPECT_TRUE(contains(textOf(KernelImage::deserialize(std::vector<uint8_t>(64, 'x'))),
                       "not a kernel image"));
}

TEST(ByteReader, refusesCountsThatExceedTheBytes) {
  ByteWriter out;
  out.number(UINT64_MAX);
  ByteReader in(out.bytes);
  EXPECT_EQ(in.count(), 0u);
  EXPECT_FALSE(in.ok());
}

TEST(ByteReader, readsBackNumbersOfEverySize) {
  ByteWriter out;
  const int64_t values[] = {0, -1, 1, 63, 64, -65, 1 << 20, INT64_MAX, INT64_MIN};
  for (int64_t value : values)
    out.integer(value);
  ByteReader in(out.bytes);
  for (int64_t value : values)
    EXPECT_EQ(in.integer(), value);
  EXPECT_TRUE(in.atEnd());
  const std::vector<uint8_t> ones(10, 0xff);
  ByteReader overlong(ones);
  EXPECT_EQ(overlong.number(), 0u);
  EXPECT_FALSE(overlong.ok());
}

TEST(KernelImage, resolvesColumnsFromOne) {
  KernelImage image = sampleImage();
  EXPECT_EQ(image.resolve(0), nullptr);
  ASSERT_NE(image.resolve(2), nullptr);
  EXPECT_EQ(image.resolve(2)->frames.front().function, "cosmati.language.sum");
  EXPECT_EQ(image.resolve(3), nullptr);
}

TEST(SourceText, namesTheChainInnermostFirst) {
  KernelImage image = sampleImage();
  EXPECT_EQ(formatChain(*image.resolve(2)), "at line 3:1 of cosmati.language.sum\n"
                                            "called from line 40:13 of gemm_kernel");
}

TEST(SourceText, usesTheLiveFunctionsPlaces) {
  KernelImage image = sampleImage();
  auto locate = [](llvm::StringRef function) -> std::optional<FunctionPlace> {
    if (function == "gemm_kernel")
      return FunctionPlace{"gemm.py", 101};
    return std::nullopt;
  };
  EXPECT_EQ(formatChain(*image.resolve(2), locate), "at line 3:1 of cosmati.language.sum\n"
                                                    "called from gemm.py:140:13 in gemm_kernel");
}

TEST(SourceText, listsSharedBuffersLargestFirst) {
  KernelImage image = sampleImage();
  std::swap(image.sharedBuffers[0], image.sharedBuffers[1]);
  EXPECT_EQ(formatSharedBuffers(image),
            "65536 bytes at offset 0: operand a of tl.dot, stages 0..1 (line 12:9 of gemm_kernel)\n"
            "32768 bytes at offset 65536: operand b of tl.dot, stages 0..1 (line 3:1 of "
            "cosmati.language.sum)");
}
} // namespace
