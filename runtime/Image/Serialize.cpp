// Serialised form of a KernelImage:
//   8 bytes magic, u32 version, u64 payload size, u64 xxh3 of the payload (all little-endian), then
//   the payload: the fields in the order of writePayload(). Function names of frames stand once, in
//   a table of their own.
#include "runtime/Image/ByteStream.h"
#include "runtime/Image/KernelImage.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/xxhash.h"

#include <cstring>

using namespace cosmati::runtime;
namespace endian = llvm::support::endian;

namespace {
constexpr char magic[8] = {'C', 'O', 'S', 'M', 'I', 'M', 'G', '\n'};
constexpr size_t headerBytes = sizeof(magic) + 4 + 8 + 8;

void writeTexts(ByteWriter &out, const std::map<std::string, std::string> &texts) {
  out.number(texts.size());
  for (const auto &[key, value] : texts) {
    out.text(key);
    out.text(value);
  }
}

void readTexts(ByteReader &in, std::map<std::string, std::string> &texts) {
  for (size_t left = in.count(); left > 0 && in.ok(); --left) {
    std::string key = in.text();
    texts[key] = in.text();
  }
}

void writeParams(ByteWriter &out, const std::vector<KernelParam> &params) {
  out.number(params.size());
  for (const KernelParam &param : params) {
    out.text(param.name);
    out.number(static_cast<uint8_t>(param.kind));
    out.text(param.type);
  }
}

void readParams(ByteReader &in, std::vector<KernelParam> &params) {
  params.resize(in.count());
  for (KernelParam &param : params) {
    param.name = in.text();
    uint64_t kind = in.number();
    if (kind >= numParamKinds)
      in.fail();
    param.kind = static_cast<ParamKind>(kind);
    param.type = in.text();
  }
}

void writeChains(ByteWriter &out, const std::vector<SourceChain> &chains) {
  llvm::StringMap<uint64_t> numbers;
  std::vector<llvm::StringRef> names;
  for (const SourceChain &chain : chains)
    for (const SourceFrame &frame : chain.frames)
      if (numbers.try_emplace(frame.function, names.size()).second)
        names.push_back(frame.function);
  out.number(names.size());
  for (llvm::StringRef name : names)
    out.text(name);
  out.number(chains.size());
  for (const SourceChain &chain : chains) {
    out.number(chain.frames.size());
    for (const SourceFrame &frame : chain.frames) {
      out.number(numbers.lookup(frame.function));
      out.integer(frame.line);
      out.integer(frame.column);
    }
  }
}

void readChains(ByteReader &in, std::vector<SourceChain> &chains) {
  std::vector<std::string> names(in.count());
  for (std::string &name : names)
    name = in.text();
  chains.resize(in.count());
  for (SourceChain &chain : chains) {
    chain.frames.resize(in.count());
    for (SourceFrame &frame : chain.frames) {
      uint64_t name = in.number();
      if (name < names.size())
        frame.function = names[name];
      else
        in.fail();
      frame.line = static_cast<int32_t>(in.integer());
      frame.column = static_cast<int32_t>(in.integer());
    }
  }
}

void writeBuffers(ByteWriter &out, const std::vector<SharedBuffer> &buffers) {
  out.number(buffers.size());
  for (const SharedBuffer &buffer : buffers) {
    out.number(buffer.offset);
    out.number(buffer.bytes);
    out.text(buffer.purpose);
    out.number(buffer.location);
  }
}

void readBuffers(ByteReader &in, std::vector<SharedBuffer> &buffers) {
  buffers.resize(in.count());
  for (SharedBuffer &buffer : buffers) {
    buffer.offset = static_cast<uint32_t>(in.number());
    buffer.bytes = static_cast<uint32_t>(in.number());
    buffer.purpose = in.text();
    buffer.location = static_cast<uint32_t>(in.number());
  }
}

void writePayload(ByteWriter &out, const KernelImage &image) {
  out.text(image.entry);
  out.text(image.target);
  for (int64_t value :
       {static_cast<int64_t>(image.numWarps), static_cast<int64_t>(image.numCtas),
        static_cast<int64_t>(image.numStages), static_cast<int64_t>(image.sharedBytes),
        static_cast<int64_t>(image.maxRegs), static_cast<int64_t>(image.regs),
        static_cast<int64_t>(image.spillBytes), static_cast<int64_t>(image.stackBytes)})
    out.integer(value);
  writeParams(out, image.params);
  out.text(image.ptx);
  out.blob(image.cubin);
  writeChains(out, image.chains);
  writeBuffers(out, image.sharedBuffers);
  writeTexts(out, image.metadata);
  writeTexts(out, image.stages);
}

KernelImage readPayload(ByteReader &in) {
  KernelImage image;
  image.entry = in.text();
  image.target = in.text();
  image.numWarps = static_cast<int>(in.integer());
  image.numCtas = static_cast<int>(in.integer());
  image.numStages = static_cast<int>(in.integer());
  image.sharedBytes = static_cast<uint32_t>(in.integer());
  image.maxRegs = static_cast<int>(in.integer());
  image.regs = static_cast<int>(in.integer());
  image.spillBytes = static_cast<int>(in.integer());
  image.stackBytes = static_cast<int>(in.integer());
  readParams(in, image.params);
  image.ptx = in.text();
  image.cubin = in.blob().vec();
  readChains(in, image.chains);
  readBuffers(in, image.sharedBuffers);
  readTexts(in, image.metadata);
  readTexts(in, image.stages);
  return image;
}

/// The payload behind a header that holds, or why it doesn't.
llvm::Expected<llvm::ArrayRef<uint8_t>> checkHeader(llvm::ArrayRef<uint8_t> bytes) {
  if (bytes.size() < headerBytes)
    return llvm::createStringError("kernel image is truncated: %zu bytes, its header has %zu",
                                   bytes.size(), headerBytes);
  if (std::memcmp(bytes.data(), magic, sizeof(magic)) != 0)
    return llvm::createStringError("not a kernel image: it doesn't begin with COSMIMG");
  const uint8_t *fields = bytes.data() + sizeof(magic);
  uint32_t version = endian::read32le(fields);
  if (version != kernelImageVersion)
    return llvm::createStringError("kernel image has format version %u, this program reads %u; "
                                   "compile the kernel again",
                                   version, kernelImageVersion);
  uint64_t size = endian::read64le(fields + 4);
  llvm::ArrayRef<uint8_t> payload = bytes.drop_front(headerBytes);
  if (payload.size() < size)
    return llvm::createStringError("kernel image is truncated: %zu of %llu payload bytes",
                                   payload.size(), static_cast<unsigned long long>(size));
  if (payload.size() > size)
    return llvm::createStringError("kernel image is corrupt: %zu bytes follow its end",
                                   payload.size() - static_cast<size_t>(size));
  if (llvm::xxh3_64bits(payload) != endian::read64le(fields + 12))
    return llvm::createStringError("kernel image is corrupt: its checksum doesn't match");
  return payload;
}
} // namespace

std::vector<uint8_t> KernelImage::serialize() const {
  ByteWriter out;
  out.bytes.resize(headerBytes);
  writePayload(out, *this);
  llvm::ArrayRef<uint8_t> payload = llvm::ArrayRef<uint8_t>(out.bytes).drop_front(headerBytes);
  uint64_t size = payload.size(), checksum = llvm::xxh3_64bits(payload);
  uint8_t *header = out.bytes.data();
  std::memcpy(header, magic, sizeof(magic));
  endian::write32le(header + sizeof(magic), kernelImageVersion);
  endian::write64le(header + sizeof(magic) + 4, size);
  endian::write64le(header + sizeof(magic) + 12, checksum);
  return std::move(out.bytes);
}

llvm::Expected<KernelImage> KernelImage::deserialize(llvm::ArrayRef<uint8_t> bytes) {
  llvm::Expected<llvm::ArrayRef<uint8_t>> payload = checkHeader(bytes);
  if (!payload)
    return payload.takeError();
  ByteReader in(*payload);
  KernelImage image = readPayload(in);
  // Unreachable by accident: the checksum held. Bytes made on purpose end here.
  if (!in.atEnd())
    return llvm::createStringError("kernel image is malformed: its fields don't fit its size");
  return image;
}
