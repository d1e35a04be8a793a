// EntryFile: the form of one file of the disk cache, and reading and writing it whole.
#pragma once

#include "runtime/Cache/CacheKey.h"

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cosmati::runtime {

/// Version of the file's form; a file of another version is a miss.
inline constexpr uint32_t entryFileVersion = 1;

/// Little-endian on disk: 8 bytes magic, u32 version, u32 kind, u64 payload size, 32 bytes key, u64
/// xxh3 of (version, kind, size, key, payload), payload.
inline constexpr size_t entryHeaderBytes = 8 + 4 + 4 + 8 + 32 + 8;

std::vector<uint8_t> encodeEntry(const CacheKey &key, uint32_t kind,
                                 llvm::ArrayRef<uint8_t> payload);

/// The payload of a file's bytes, or in `problem` why they can't be used ("truncated", "checksum
/// doesn't match", ...).
std::optional<llvm::ArrayRef<uint8_t>>
decodeEntry(llvm::ArrayRef<uint8_t> file, const CacheKey &key, uint32_t kind, std::string &problem);

enum class ReadStatus : uint8_t { Read, Missing, Refused };

/// What readEntryFile() found.
struct FileContent {
  ReadStatus status = ReadStatus::Missing;
  std::vector<uint8_t> bytes;
  int64_t modified = 0; // seconds since the epoch
  std::string problem;  // why it was refused
};

/// Reads a regular file that belongs to this user. Files that vanish while they are read (ENOENT,
/// ESTALE) are missing; symbolic links, others' files and I/O errors are refused. Sets the file's
/// age to zero when it is older than `touchAfterSeconds`; failing to do so is ignored (read-only
/// folder).
FileContent readEntryFile(const std::string &path, int64_t touchAfterSeconds);

/// Writes a file of mode 0600 that must not exist yet; empty text, or why it failed (the file is
/// removed then).
std::string writeNewFile(const std::string &path, llvm::ArrayRef<uint8_t> bytes);

} // namespace cosmati::runtime
