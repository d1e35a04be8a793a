//===- TensorBox.cpp - where the elements of a box lie --------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA, "Tensors": tiled mode, swizzling modes, out of boundary access. A box is a list of rows
// along dimension 0, dimension 1 fastest. In shared memory they follow one another. A swizzle then
// exchanges the 16-byte chunks of an address: it xors address bits 4 and up with bits 7 and up, one
// bit for 32B, two for 64B, three for 128B. A swizzled row takes a whole span even when the box is
// narrower (CUDA programming guide: "accommodate the full swizzle width").
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cta.h"
#include "runtime/PtxVm/exec/Tensor.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>
#include <cstring>

namespace cosmati::ptxvm {

uint32_t BoxRequest::rows() const {
  uint32_t n = 1;
  for (unsigned k = 1; k < map.rank; ++k)
    n *= map.boxElements(k);
  return n;
}
uint32_t BoxRequest::pitch() const { return std::max(rowBytes(), tensorSwizzleBytes(map.swizzle)); }

namespace {

std::string list(const int64_t *v, unsigned n) {
  std::string text = "(";
  for (unsigned k = 0; k < n; ++k)
    text += (k ? ", " : "") + std::to_string(v[k]);
  return text + ")";
}

class BoxLayout {
public:
  BoxLayout(Warp &w, const Inst *i, unsigned lane, const BoxRequest &request)
      : w(w), i(i), lane(lane), request(request), map(request.map),
        element(tensorElementBytes(map.dataType)),
        swizzleBits((tensorSwizzleBytes(map.swizzle) >> 4) -
                    (tensorSwizzleBytes(map.swizzle) != 0)) {}

  /// Fills `box`; false after a fault.
  bool run(TensorBox &result) {
    box = &result;
    uint32_t rows = request.rows(), pitch = request.pitch(), at = request.shared;
    std::array<uint32_t, kMaxTensorRank> step{};
    for (uint32_t row = 0; row < rows; ++row, at += pitch) {
      if (!addRow(step, at))
        return false;
      for (unsigned k = 1; k < map.rank && ++step[k] == map.boxElements(k); ++k)
        step[k] = 0;
    }
    return true;
  }

private:
  Warp &w;
  const Inst *i;
  unsigned lane;
  const BoxRequest &request;
  const TensorMapDesc &map;
  uint32_t element;
  uint32_t swizzleBits; ///< mask of the bits that are exchanged, as a number of chunks
  TensorBox *box = nullptr;
  RegionSlot region{};

  bool addRow(const std::array<uint32_t, kMaxTensorRank> &step, uint32_t at) {
    int64_t coordinate[kMaxTensorRank];
    bool inside = true;
    unsigned __int128 address = map.globalAddress;
    for (unsigned k = 1; k < map.rank; ++k) {
      coordinate[k] = request.start[k] + int64_t(step[k]) * map.elementStrides[k];
      inside &= coordinate[k] >= 0 && uint64_t(coordinate[k]) < map.globalDim[k];
      if (inside)
        address += static_cast<unsigned __int128>(coordinate[k]) * map.globalStrides[k - 1];
    }
    int64_t width = map.boxDim[0], start = request.start[0];
    int64_t first = std::clamp<int64_t>(-start, 0, width);
    int64_t last = std::clamp<int64_t>(int64_t(map.globalDim[0]) - start, first, width);
    if (!inside)
      first = last = width;
    coordinate[0] = start + first;
    uint32_t before = uint32_t(first) * element, bytes = uint32_t(last - first) * element;
    uint8_t *host = nullptr;
    uint64_t global = 0;
    if (bytes) {
      address += static_cast<unsigned __int128>(coordinate[0]) * element;
      global = address >> 64 ? ~uint64_t(0) : uint64_t(address);
      host = hostBytes(global, bytes, coordinate);
      if (!host)
        return false;
    }
    add(at, 0, before, nullptr, 0);
    add(at, before, bytes, host, global);
    add(at, before + bytes, request.rowBytes() - before - bytes, nullptr, 0);
    return true;
  }

  /// The bytes at a global address; null after a fault.
  uint8_t *hostBytes(uint64_t address, uint32_t bytes, const int64_t *coordinate) {
    uint64_t offset = address - region.base;
    if (offset >= region.bytes || bytes > region.bytes - offset ||
        (request.store && !region.writable)) {
      const RegionSlot *found = findRegion(w, address, bytes);
      if (!found || (request.store && !found->writable)) {
        report(found ? FaultKind::ReadOnly : FaultKind::OutOfBounds, address, bytes, coordinate);
        return nullptr;
      }
      region = *found;
      offset = address - region.base;
    }
    return region.host + offset;
  }
  void report(FaultKind kind, uint64_t address, uint32_t bytes, const int64_t *coordinate) {
    int64_t dims[kMaxTensorRank];
    std::copy_n(map.globalDim.begin(), map.rank, dims);
    faultNoted(w, i, kind, lane, address, bytes, Space::Global,
               "element " + list(coordinate, map.rank) + " of the tensor of " +
                   tensorDataTypeName(map.dataType).str() + " " + list(dims, map.rank) + " at 0x" +
                   llvm::utohexstr(map.globalAddress, /*LowerCase=*/true) +
                   ", by the tensor map at 0x" +
                   llvm::utohexstr(request.mapAddress, /*LowerCase=*/true) +
                   " (innermost first); its globalDim and globalStrides must fit the buffer");
  }

  /// `bytes` bytes from byte `from` on of the row at shared address `row`; host null: filled.
  void add(uint32_t row, uint32_t from, uint32_t bytes, uint8_t *host, uint64_t global) {
    if (!host && request.store)
      return;
    while (bytes) {
      uint32_t at = row + from, part = bytes;
      if (swizzleBits) {
        part = std::min(bytes, 16 - at % 16);
        at ^= (at >> 7 & swizzleBits) << 4;
      }
      append({at, part, host, global});
      from += part;
      bytes -= part;
      host = host ? host + part : nullptr;
      global += host ? part : 0;
    }
  }
  void append(const TensorBox::Piece &piece) {
    if (!box->pieces.empty()) {
      TensorBox::Piece &last = box->pieces.back();
      if (last.shared + last.bytes == piece.shared &&
          (piece.host ? last.host && last.host + last.bytes == piece.host &&
                            last.global + last.bytes == piece.global
                      : !last.host)) {
        last.bytes += piece.bytes;
        return;
      }
    }
    box->pieces.push_back(piece);
  }
};

/// To nearest even; NaN becomes tf32's canonical one.
uint32_t roundToTf32(uint32_t bits) {
  if ((bits & 0x7fffffff) > 0x7f800000)
    return 0x7fffe000;
  return (bits + 0xfff + (bits >> 13 & 1)) & ~uint32_t(0x1fff);
}

} // namespace

std::shared_ptr<const TensorBox> layOutBox(Warp &w, const Inst *i, unsigned lane,
                                           const BoxRequest &request) {
  auto box = std::make_shared<TensorBox>();
  TensorDataType type = request.map.dataType;
  box->fill = request.map.oobFill == TensorOobFill::None ? uint16_t(0) : kOobNan;
  box->roundTf32 = type == TensorDataType::TFloat32 || type == TensorDataType::TFloat32Ftz;
  return BoxLayout(w, i, lane, request).run(*box) ? box : nullptr;
}

void loadBox(const TensorBox &box, uint8_t *shared) {
  for (const TensorBox::Piece &piece : box.pieces) {
    uint8_t *to = shared + piece.shared;
    if (piece.host && !box.roundTf32) {
      std::memcpy(to, piece.host, piece.bytes);
    } else if (piece.host) {
      for (uint32_t at = 0; at < piece.bytes; at += 4) {
        uint32_t bits;
        std::memcpy(&bits, piece.host + at, 4);
        bits = roundToTf32(bits);
        std::memcpy(to + at, &bits, 4);
      }
    } else if (box.fill == 0) {
      std::memset(to, 0, piece.bytes);
    } else {
      for (uint32_t at = 0; at < piece.bytes; at += 2)
        std::memcpy(to + at, &box.fill, 2);
    }
  }
}

void storeBox(const TensorBox &box, const uint8_t *shared, BulkCopy::Reduction reduce) {
  for (const TensorBox::Piece &piece : box.pieces)
    if (reduce)
      reduce(piece.host, shared + piece.shared, piece.bytes);
    else
      std::memcpy(piece.host, shared + piece.shared, piece.bytes);
}

} // namespace cosmati::ptxvm
