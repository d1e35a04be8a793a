//===- Arguments.cpp ------------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/tools/ptxvm-run/Arguments.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>
#include <cstring>
#include <random>

using namespace cosmati::ptxvm;

namespace {

size_t sizeOf(llvm::StringRef type) {
  return llvm::StringSwitch<size_t>(type)
      .Cases({"u8", "i8"}, 1)
      .Cases({"u16", "i16", "f16", "bf16"}, 2)
      .Cases({"u32", "i32", "f32"}, 4)
      .Cases({"u64", "i64", "f64"}, 8)
      .Default(0);
}
bool isFloat(llvm::StringRef type) { return type.starts_with("f") || type.starts_with("b"); }

template <class T> void store(DeviceBytes &bytes, size_t at, T value) {
  std::memcpy(&bytes[at], &value, sizeof(T));
}
template <class T> T load(const DeviceBytes &bytes, size_t at) {
  T value;
  std::memcpy(&value, &bytes[at], sizeof(T));
  return value;
}

/// Rounds to half precision, to nearest even.
uint16_t toHalf(double v) {
  if (std::isnan(v))
    return 0x7e00;
  uint16_t sign = std::signbit(v) ? 0x8000 : 0;
  v = std::fabs(v);
  if (v >= 65520)
    return sign | 0x7c00;
  if (v < 0x1p-14)
    return uint16_t(sign | uint16_t(std::nearbyint(v * 0x1p24)));
  int e;
  double m = std::frexp(v, &e); // m in [0.5, 1)
  return uint16_t(sign + ((e + 13) << 10) + uint16_t(std::nearbyint(m * 2048)));
}
double fromHalf(uint16_t h) {
  int e = h >> 10 & 31, m = h & 1023;
  double v = e == 31 ? (m ? NAN : INFINITY) : e ? std::ldexp(1024 + m, e - 25) : std::ldexp(m, -24);
  return h & 0x8000 ? -v : v;
}
uint16_t toBfloat(double v) {
  float f = float(v);
  uint32_t bits;
  std::memcpy(&bits, &f, 4);
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
double fromBfloat(uint16_t h) {
  uint32_t bits = uint32_t(h) << 16;
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}

void put(DeviceBytes &bytes, size_t at, llvm::StringRef type, double value) {
  if (type == "f64")
    return store(bytes, at, value);
  if (type == "f32")
    return store(bytes, at, float(value));
  if (type == "f16")
    return store(bytes, at, toHalf(value));
  if (type == "bf16")
    return store(bytes, at, toBfloat(value));
  int64_t v = int64_t(value);
  std::memcpy(&bytes[at], &v, sizeOf(type));
}

llvm::Error fill(Argument &arg, llvm::StringRef how, uint64_t seed) {
  size_t size = sizeOf(arg.type), n = arg.bytes.size() / size;
  std::mt19937_64 random(seed + 1);
  std::uniform_real_distribution<double> real(-1, 1);
  for (size_t k = 0; k < n; ++k) {
    double value;
    if (how == "zeros" || how == "undefined" || how.empty())
      value = 0;
    else if (how == "ones")
      value = 1;
    else if (how == "iota")
      value = double(k);
    else if (how == "random")
      value = isFloat(arg.type) ? real(random) : double(random() & 255);
    else
      return llvm::createStringError("'" + how +
                                     "' is no way to fill a buffer: zeros, ones, iota, random, "
                                     "undefined or @FILE");
    put(arg.bytes, k * size, arg.type, value);
  }
  return llvm::Error::success();
}

llvm::Error parseScalar(Argument &arg, llvm::StringRef text) {
  arg.bytes.resize(sizeOf(arg.type));
  double real;
  int64_t integer;
  uint64_t natural;
  if (isFloat(arg.type) && !text.getAsDouble(real))
    put(arg.bytes, 0, arg.type, real);
  else if (!isFloat(arg.type) && !text.getAsInteger(0, integer))
    std::memcpy(arg.bytes.data(), &integer, arg.bytes.size());
  else if (!isFloat(arg.type) && !text.getAsInteger(0, natural))
    std::memcpy(arg.bytes.data(), &natural, arg.bytes.size());
  else
    return llvm::createStringError("'" + text + "' is no value of type " + arg.type);
  return llvm::Error::success();
}

} // namespace

size_t Argument::elementBytes() const { return sizeOf(type); }

std::string Argument::element(size_t index) const {
  size_t at = index * elementBytes();
  char text[64];
  if (isFloat(type)) {
    double v = type == "f64"   ? load<double>(bytes, at)
               : type == "f32" ? load<float>(bytes, at)
               : type == "f16" ? fromHalf(load<uint16_t>(bytes, at))
                               : fromBfloat(load<uint16_t>(bytes, at));
    std::snprintf(text, sizeof(text), "%.9g", v);
    return text;
  }
  uint64_t v = 0;
  std::memcpy(&v, &bytes[at], elementBytes());
  if (type[0] == 'u')
    return std::to_string(v);
  unsigned shift = unsigned(64 - 8 * elementBytes());
  return std::to_string(int64_t(v << shift) >> shift);
}

llvm::Expected<Argument> cosmati::ptxvm::parseArgument(llvm::StringRef text, uint64_t seed) {
  Argument arg;
  arg.text = text.str();
  size_t mark = text.find_first_of(":=");
  arg.type = text.take_front(mark).str();
  if (mark == llvm::StringRef::npos || !sizeOf(arg.type))
    return llvm::createStringError("--arg '" + text + "': write TYPE=VALUE or TYPE:COUNT:FILL");
  llvm::StringRef rest = text.drop_front(mark + 1);
  if (text[mark] == '=') {
    if (llvm::Error e = parseScalar(arg, rest))
      return e;
    return arg;
  }
  arg.buffer = true;
  auto [count, how] = rest.split(':');
  arg.undefined = how == "undefined";
  if (how.consume_front("@")) {
    auto file =
        llvm::MemoryBuffer::getFile(how, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!file)
      return llvm::createStringError("cannot read '" + how + "': " + file.getError().message());
    llvm::StringRef data = (*file)->getBuffer();
    arg.bytes.assign(data.bytes_begin(), data.bytes_end());
    return arg;
  }
  uint64_t n;
  if (count.getAsInteger(0, n) || n > (uint64_t(1) << 34))
    return llvm::createStringError("--arg '" + text + "': '" + count + "' is no element count");
  arg.bytes.resize(n * arg.elementBytes());
  if (llvm::Error e = fill(arg, how, seed))
    return e;
  return arg;
}
