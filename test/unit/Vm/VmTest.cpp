//===- VmTest.cpp ---------------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/VmTest.h"
#include <cstdlib>
#include <fstream>

namespace vmtest {

/// Programs of the tests are the fuzzers' first corpus: COSMATI_PTX_CORPUS names a folder for them.
static void keepForFuzzers(const std::string &ptx) {
  if (const char *folder = std::getenv("COSMATI_PTX_CORPUS"))
    std::ofstream(std::string(folder) + "/" + std::to_string(std::hash<std::string>()(ptx)) +
                  ".ptx")
        << ptx;
}

std::vector<std::string> hostIsas() {
  std::vector<std::string> names;
  std::string before = hostIsaName().str();
  for (const char *name : {"base", "avx2", "avx512"})
    if (setHostIsa(name))
      names.push_back(name);
  setHostIsa(before);
  return names;
}

std::string moduleHeader() { return ".version 8.0\n.target sm_90a\n.address_size 64\n"; }

std::shared_ptr<Module> parse(const std::string &ptx) {
  keepForFuzzers(ptx);
  auto module = Module::parse(ptx, "test.ptx");
  if (!module) {
    ADD_FAILURE() << llvm::toString(module.takeError());
    return nullptr;
  }
  return *module;
}

std::string parseError(const std::string &ptx) {
  keepForFuzzers(ptx);
  auto module = Module::parse(ptx, "test.ptx");
  return module ? "" : llvm::toString(module.takeError());
}

Grid::Grid(const std::string &ptx, const std::string &entry) : Grid(parse(ptx), entry) {}
Grid::Grid(std::shared_ptr<Module> m, const std::string &entry, const LaunchConfig &settings)
    : config(settings), module(std::move(m)), entry(entry) {
  if (module && module->findEntry(entry))
    params = std::make_unique<ParamBlock>(*module->findEntry(entry));
  config.print = [](llvm::StringRef) {};
  // To run all programs of the tests under checkers.
  if (const char *names = std::getenv("COSMATI_VM_TEST_CHECKS"))
    config.checks = llvm::cantFail(parseChecks(names));
}
Grid &Grid::bytes(const void *data, size_t size) {
  if (params)
    params->setBytes(next++, data, size);
  return *this;
}
std::string Grid::go(std::array<uint32_t, 3> grid, std::array<uint32_t, 3> block) {
  if (!params)
    return "not parsed";
  config.grid = grid;
  config.block = block;
  llvm::Error e = launch(*module, entry, config, params->bytes(), memory, &report);
  return e ? llvm::toString(std::move(e)) : "";
}

static std::string programFor(const std::string &code, unsigned resultBytes,
                              const std::vector<Column> &columns, bool guarded) {
  std::string params = ".param .u64 out", loads, body = code;
  auto bits = [](unsigned bytes) { return std::to_string(8 * bytes); };
  auto reg = [](unsigned bytes) { return bytes <= 2 ? "b16" : "b" + std::to_string(8 * bytes); };
  std::string decls = "  .reg ." + std::string(reg(resultBytes)) + " %d;\n";
  for (size_t k = 0; k < columns.size(); ++k) {
    std::string n = std::to_string(k);
    params += ", .param .u64 in" + n;
    decls += "  .reg ." + std::string(reg(columns[k].bytes)) + " %in" + n + ";\n";
    loads += "  ld.param.u64 %rd0, [in" + n + "];\n  mad.wide.u32 %rd0, %i, " +
             std::to_string(columns[k].bytes) + ", %rd0;\n  ld.global.b" + bits(columns[k].bytes) +
             " %in" + n + ", [%rd0];\n";
    for (size_t at; (at = body.find("$" + n)) != std::string::npos;)
      body.replace(at, 2, "%in" + n);
  }
  for (size_t at; (at = body.find("$d")) != std::string::npos;)
    body.replace(at, 2, "%d");
  std::string address = "  ld.param.u64 %rd1, [out];\n  mad.wide.u32 %rd1, %i, " +
                        std::to_string(resultBytes) + ", %rd1;\n";
  std::string guard;
  if (guarded) // odd threads keep what the buffer holds
    guard = "  ld.global.b" + bits(resultBytes) +
            " %d, [%rd1];\n  and.b32 %j, %i, 1;\n  setp.eq.u32 %g, %j, 0;\n"
            "  @!%g bra DONE;\n";
  return moduleHeader() + ".visible .entry k(" + params +
         ") {\n  .reg .pred %g, %p<4>;\n  .reg .b16 %h<4>;\n"
         "  .reg .b32 %i, %j, %t, %x<4>;\n  .reg .b64 %rd<2>, %y<4>;\n" +
         decls + "  mov.u32 %i, %ctaid.x;\n  mov.u32 %t, %tid.x;\n  mad.lo.u32 %i, %i, 64, %t;\n" +
         address + loads + guard + "  " + body + "\nDONE:\n  st.global.b" + bits(resultBytes) +
         " [%rd1], %d;\n  ret;\n}\n";
}

std::vector<uint8_t> runCode(const std::string &code, unsigned resultBytes,
                             const std::vector<Column> &columns) {
  size_t n = columns[0].size(), padded = (n + 63) / 64 * 64;
  std::vector<std::vector<uint8_t>> in;
  for (const Column &c : columns) {
    in.push_back(c.data);
    in.back().resize(padded * c.bytes);
  }
  std::vector<uint8_t> first;
  std::string before = hostIsaName().str();
  for (const std::string &isa : hostIsas())
    for (bool guarded : {false, true}) {
      setHostIsa(isa);
      auto module = parse(programFor(code, resultBytes, columns, guarded));
      std::vector<uint8_t> out(padded * resultBytes, 0xcd);
      Grid grid(module);
      grid.buffer(out, "out");
      for (auto &column : in)
        grid.buffer(column, "in");
      std::string error = grid.go(uint32_t(padded / 64), 64);
      EXPECT_EQ(error, "") << code;
      if (first.empty()) {
        first = out;
        continue;
      }
      for (size_t k = 0; k < n; ++k) {
        std::vector<uint8_t> expected(first.begin() + long(k * resultBytes),
                                      first.begin() + long((k + 1) * resultBytes));
        if (guarded && (k & 1))
          expected.assign(resultBytes, 0xcd);
        bool same = std::memcmp(expected.data(), &out[k * resultBytes], resultBytes) == 0;
        EXPECT_TRUE(same) << code << " on " << isa << (guarded ? " guarded" : "")
                          << " differs at element " << k;
        if (!same)
          break;
      }
    }
  setHostIsa(before);
  first.resize(n * resultBytes);
  return first;
}

template <> std::vector<float> edges<float>() {
  std::vector<float> v{0.0f,
                       1.0f,
                       0.5f,
                       2.0f,
                       3.0f,
                       1.5f,
                       0x1.000002p0f,
                       0x1.fffffep0f,
                       0x1p-126f,
                       0x1p-149f,
                       0x1.fffffcp-127f,
                       0x1.fffffep127f,
                       65504.0f,
                       65520.0f,
                       448.0f,
                       464.0f,
                       480.0f,
                       57344.0f,
                       61440.0f,
                       1e-3f,
                       3.14159274f,
                       1e10f,
                       2147483648.0f,
                       4294967296.0f,
                       9.2233720e18f,
                       0.49999997f,
                       2.5f,
                       127.5f,
                       255.5f,
                       1e-40f,
                       0x1p-14f,
                       0x1p-24f,
                       0x1p-25f,
                       0x1.8p-25f,
                       std::numeric_limits<float>::infinity()};
  size_t n = v.size();
  for (size_t k = 0; k < n; ++k)
    v.push_back(-v[k]);
  v.push_back(std::numeric_limits<float>::quiet_NaN());
  v.push_back(as<float>(0xffc12345u));
  return v;
}
template <> std::vector<double> edges<double>() {
  std::vector<double> v{0.0,
                        1.0,
                        0.5,
                        1.5,
                        3.0,
                        0x1.0000000000001p0,
                        0x1.fffffffffffffp0,
                        0x1p-1022,
                        0x1p-1074,
                        0x1.fffffffffffffp1023,
                        1e300,
                        1e-300,
                        3.141592653589793,
                        2147483647.5,
                        4294967295.5,
                        0x1p63,
                        0x1p64,
                        0x1.fffffffffffffp62,
                        2.5,
                        0x1.ffffffp127,
                        0x1p128,
                        0x1p-150,
                        0x1.8p-150,
                        65519.999,
                        1e-5,
                        std::numeric_limits<double>::infinity()};
  size_t n = v.size();
  for (size_t k = 0; k < n; ++k)
    v.push_back(-v[k]);
  v.push_back(std::numeric_limits<double>::quiet_NaN());
  return v;
}

static double valueOf(uint32_t magnitude, int mantissaBits, int bias) {
  int e = int(magnitude >> mantissaBits), m = int(magnitude & ((1u << mantissaBits) - 1));
  return e ? std::ldexp(double(m + (1 << mantissaBits)), e - bias - mantissaBits)
           : std::ldexp(double(m), 1 - bias - mantissaBits);
}
double halfValue(uint16_t b) {
  uint32_t m = b & 0x7fff;
  double v = m > 0x7c00 ? NAN : m == 0x7c00 ? INFINITY : valueOf(m, 10, 15);
  return b & 0x8000 ? -v : v;
}
double bfloatValue(uint16_t b) { return double(as<float>(uint32_t(b) << 16)); }
double e4m3Value(uint8_t b) {
  double v = (b & 0x7f) == 0x7f ? NAN : valueOf(b & 0x7f, 3, 7);
  return b & 0x80 ? -v : v;
}
double e5m2Value(uint8_t b) {
  uint32_t m = b & 0x7f;
  double v = m > 0x7c ? NAN : m == 0x7c ? INFINITY : valueOf(m, 2, 15);
  return b & 0x80 ? -v : v;
}

/// Rounds |v| to a multiple of its unit in the format; encodings grow with the value.
static uint16_t nearest(double v, int mantissaBits, int bias, uint32_t infinity) {
  if (std::isnan(v))
    return 0x7fff;
  uint32_t sign = std::signbit(v) ? 0x8000 : 0;
  v = std::fabs(v);
  if (v == 0)
    return uint16_t(sign);
  if (std::isinf(v))
    return uint16_t(sign | infinity);
  int e;
  std::frexp(v, &e); // v in [2^(e-1), 2^e)
  int exponent = std::max(e - 1, 1 - bias);
  double units = std::nearbyint(std::ldexp(v, mantissaBits - exponent));
  uint32_t bits = uint32_t(units);
  if (exponent + bias > 1 || units >= double(1 << mantissaBits))
    bits += uint32_t(exponent + bias - 1) << mantissaBits;
  return uint16_t(sign | std::min(bits, infinity));
}
uint16_t toHalf(double v) { return nearest(v, 10, 15, 0x7c00); }
uint16_t toBfloat(double v) { return nearest(v, 7, 127, 0x7f80); }

} // namespace vmtest
