//===- BitsTest.cpp - logic and bit fields --------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"

using namespace vmtest;

namespace {
std::vector<uint32_t> shifts{0,  1,  5,  15, 16,  17,  31,          32,
                             33, 63, 64, 65, 255, 256, 0x80000000u, 0xffffffffu};

/// Bit `k` of a field extract, by definition.
template <class T> T bfe(T a, uint32_t position, uint32_t length) {
  using U = std::make_unsigned_t<T>;
  uint32_t pos = position & 255, len = length & 255, msb = 8 * sizeof(T) - 1;
  bool sign = false;
  if (std::is_signed_v<T> && len)
    sign = U(a) >> std::min(pos + len - 1, msb) & 1;
  U d = 0;
  for (uint32_t k = 0; k <= msb; ++k) {
    bool bit = k < len && pos + k <= msb ? U(a) >> (pos + k) & 1 : sign;
    d |= U(bit) << k;
  }
  return T(d);
}
template <class T> T bfi(T a, T b, uint32_t position, uint32_t length) {
  uint32_t pos = position & 255, len = length & 255;
  for (uint32_t k = 0; k < len && pos + k < 8 * sizeof(T); ++k)
    b = T((b & ~(T(1) << (pos + k))) | ((a >> k & 1) << (pos + k)));
  return b;
}
template <class T> void fields(const std::string &t) {
  std::vector<T> a;
  std::vector<uint32_t> p, n;
  cross(edges<T>(), shifts, shifts, a, p, n);
  auto d = run<T>("bfe." + t + " $d, $0, $1, $2;", a, p, n);
  for (size_t k = 0; k < d.size(); ++k)
    ASSERT_EQ(d[k], bfe(a[k], p[k], n[k])) << t << " " << +a[k] << " " << p[k] << " " << n[k];
}
} // namespace

TEST(Bits, FieldExtract) {
  fields<uint32_t>("u32");
  fields<int32_t>("s32");
  fields<uint64_t>("u64");
  fields<int64_t>("s64");
}
TEST(Bits, FieldInsert) {
  std::vector<uint32_t> a, p, n;
  cross(edges<uint32_t>(), shifts, shifts, a, p, n);
  auto d = run<uint32_t>("bfi.b32 $d, $0, 0xdeadbeef, $1, $2;", a, p, n);
  std::vector<uint64_t> a64(a.begin(), a.end());
  for (uint64_t &v : a64)
    v |= v << 32;
  auto d64 = run<uint64_t>("bfi.b64 $d, $0, 0x1234567887654321, $1, $2;", a64, p, n);
  for (size_t k = 0; k < d.size(); ++k) {
    ASSERT_EQ(d[k], bfi<uint32_t>(a[k], 0xdeadbeef, p[k], n[k]))
        << a[k] << " " << p[k] << " " << n[k];
    ASSERT_EQ(d64[k], bfi<uint64_t>(a64[k], 0x1234567887654321, p[k], n[k]));
  }
}
TEST(Bits, Counts) {
  std::vector<uint32_t> a = edges<uint32_t>();
  std::vector<uint64_t> b = edges<uint64_t>();
  auto popc = run<uint32_t>("popc.b32 $d, $0;", a), clz = run<uint32_t>("clz.b32 $d, $0;", a),
       brev = run<uint32_t>("brev.b32 $d, $0;", a);
  auto find = run<uint32_t>("bfind.s32 $d, $0;", a),
       amount = run<uint32_t>("bfind.shiftamt.u32 $d, $0;", a);
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(popc[k], uint32_t(__builtin_popcount(a[k])));
    EXPECT_EQ(clz[k], a[k] ? uint32_t(__builtin_clz(a[k])) : 32u);
    uint32_t r = 0;
    for (int j = 0; j < 32; ++j)
      r |= (a[k] >> j & 1) << (31 - j);
    EXPECT_EQ(brev[k], r);
    uint32_t m = int32_t(a[k]) < 0 ? ~a[k] : a[k];
    EXPECT_EQ(find[k], m ? 31u - uint32_t(__builtin_clz(m)) : 0xffffffffu);
    EXPECT_EQ(amount[k], a[k] ? uint32_t(__builtin_clz(a[k])) : 0xffffffffu);
  }
  auto popc64 = run<uint32_t>("popc.b64 $d, $0;", b), clz64 = run<uint32_t>("clz.b64 $d, $0;", b);
  auto find64 = run<uint32_t>("bfind.u64 $d, $0;", b);
  auto brev64 = run<uint64_t>("brev.b64 $d, $0; brev.b64 $d, $d;", b);
  for (size_t k = 0; k < b.size(); ++k) {
    EXPECT_EQ(popc64[k], uint32_t(__builtin_popcountll(b[k])));
    EXPECT_EQ(clz64[k], b[k] ? uint32_t(__builtin_clzll(b[k])) : 64u);
    EXPECT_EQ(find64[k], b[k] ? 63u - uint32_t(__builtin_clzll(b[k])) : 0xffffffffu);
    EXPECT_EQ(brev64[k], b[k]);
  }
}
TEST(Bits, ShiftsClamp) {
  std::vector<uint32_t> a, n;
  cross(edges<uint32_t>(), shifts, a, n);
  auto shl = run<uint32_t>("shl.b32 $d, $0, $1;", a, n),
       shr = run<uint32_t>("shr.u32 $d, $0, $1;", a, n);
  auto sar = run<int32_t>("shr.s32 $d, $0, $1;", a, n);
  std::vector<uint16_t> h(a.begin(), a.end());
  auto shl16 = run<uint16_t>("shl.b16 $d, $0, $1;", h, n);
  auto sar16 = run<int16_t>("shr.s16 $d, $0, $1;", h, n);
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(shl[k], n[k] > 31 ? 0 : a[k] << n[k]);
    EXPECT_EQ(shr[k], n[k] > 31 ? 0 : a[k] >> n[k]);
    EXPECT_EQ(sar[k], int32_t(a[k]) >> std::min(n[k], 31u));
    EXPECT_EQ(shl16[k], n[k] > 15 ? 0 : uint16_t(h[k] << n[k]));
    EXPECT_EQ(sar16[k], int16_t(int16_t(h[k]) >> std::min(n[k], 15u)));
  }
}
TEST(Bits, FunnelShifts) {
  std::vector<uint32_t> a, b, n;
  cross(edges<uint32_t>(), std::vector<uint32_t>{0, 1, 0xffffffffu, 0x12345678u}, shifts, a, b, n);
  auto lw = run<uint32_t>("shf.l.wrap.b32 $d, $0, $1, $2;", a, b, n),
       lc = run<uint32_t>("shf.l.clamp.b32 $d, $0, $1, $2;", a, b, n);
  auto rw = run<uint32_t>("shf.r.wrap.b32 $d, $0, $1, $2;", a, b, n),
       rc = run<uint32_t>("shf.r.clamp.b32 $d, $0, $1, $2;", a, b, n);
  for (size_t k = 0; k < a.size(); ++k) {
    uint64_t v = uint64_t(b[k]) << 32 | a[k];
    uint32_t w = n[k] & 31, c = std::min(n[k], 32u);
    EXPECT_EQ(lw[k], uint32_t(v << w >> 32));
    EXPECT_EQ(lc[k], c == 32 ? a[k] : uint32_t(v << c >> 32));
    EXPECT_EQ(rw[k], uint32_t(v >> w));
    EXPECT_EQ(rc[k], uint32_t(v >> c));
  }
}
TEST(Bits, LogicOfEveryTruthTable) {
  std::vector<uint32_t> a, b, c;
  cross(edges<uint32_t>(), edges<uint32_t>(), edges<uint32_t>(), a, b, c);
  for (unsigned table = 0; table < 256; table += 3) {
    auto d = run<uint32_t>("lop3.b32 $d, $0, $1, $2, " + std::to_string(table) + ";", a, b, c);
    for (size_t k = 0; k < a.size(); k += 7) {
      uint32_t r = 0;
      for (unsigned bit = 0; bit < 32; ++bit)
        r |= (table >> ((a[k] >> bit & 1) * 4 + (b[k] >> bit & 1) * 2 + (c[k] >> bit & 1)) & 1)
             << bit;
      ASSERT_EQ(d[k], r) << table;
    }
  }
}
TEST(Bits, SimpleLogic) {
  std::vector<uint64_t> a, b;
  cross(edges<uint64_t>(), edges<uint64_t>(), a, b);
  auto d = run<uint64_t>(
      "and.b64 %y0, $0, $1; or.b64 %y1, $0, $1; xor.b64 %y2, %y0, %y1; not.b64 $d, %y2;", a, b);
  auto cnot = run<uint64_t>("sub.u64 %y0, $0, $1; cnot.b64 $d, %y0;", a, b);
  for (size_t k = 0; k < a.size(); ++k) {
    EXPECT_EQ(d[k], ~(a[k] ^ b[k]));
    EXPECT_EQ(cnot[k], a[k] == b[k] ? 1u : 0u);
  }
}
TEST(Bits, BytePermutation) {
  std::vector<uint32_t> a{0x83828180, 0x03020100, 0x13579bdf},
      b{0x87868584, 0x77665544, 0xfedcba98}, s, x, y;
  for (uint32_t k = 0; k < 65536; k += 257)
    s.push_back(k);
  std::vector<uint32_t> sel;
  cross(a, b, s, x, y, sel);
  auto d = run<uint32_t>("prmt.b32 $d, $0, $1, $2;", x, y, sel);
  for (size_t k = 0; k < d.size(); ++k) {
    uint64_t v = uint64_t(y[k]) << 32 | x[k];
    uint32_t r = 0;
    for (int j = 0; j < 4; ++j) {
      uint32_t n = sel[k] >> (4 * j) & 15;
      uint8_t byte = uint8_t(v >> (8 * (n & 7)));
      r |= uint32_t(n & 8 ? (byte & 0x80 ? 0xff : 0) : byte) << (8 * j);
    }
    ASSERT_EQ(d[k], r) << std::hex << sel[k];
  }
  EXPECT_EQ(run<uint32_t>("prmt.b32.f4e $d, $0, $1, 1;", a, b)[0], 0x84838281u);
  EXPECT_EQ(run<uint32_t>("prmt.b32.rc16 $d, $0, $1, 1;", a, b)[0], 0x83828382u);
  EXPECT_EQ(run<uint32_t>("prmt.b32.ecl $d, $0, $1, 2;", a, b)[0], 0x83828282u);
}
TEST(Bits, Masks) {
  std::vector<uint32_t> p, n;
  cross(shifts, shifts, p, n);
  auto clamp = run<uint32_t>("bmsk.clamp.b32 $d, $0, $1;", p, n);
  auto szext = run<int32_t>("szext.clamp.s32 $d, $0, $1;", p, n);
  for (size_t k = 0; k < p.size(); ++k) {
    uint64_t ones = n[k] > 31 ? 0xffffffffull : (1ull << n[k]) - 1;
    EXPECT_EQ(clamp[k], p[k] > 31 ? 0u : uint32_t(ones << p[k]));
    EXPECT_EQ(szext[k], n[k] > 31   ? int32_t(p[k])
                        : n[k] == 0 ? 0
                                    : int32_t(p[k] << (32 - n[k])) >> (32 - n[k]));
  }
  EXPECT_EQ(run<uint32_t>("fns.b32 $d, $0, 0, 3;", std::vector<uint32_t>{0xaaaaaaaa, 0x1})[0], 5u);
}
