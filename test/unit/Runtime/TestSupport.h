// What the runtime's tests share: temporary folders, files, and errors as text.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace cosmati::test {

/// A folder that goes with all its content at the end of the test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cosmati-test-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  std::string operator/(const std::string &name) const { return (folder / name).string(); }
  std::string path() const { return folder.string(); }

private:
  std::filesystem::path folder;
};

inline std::vector<uint8_t> readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void writeFile(const std::string &path, const std::vector<uint8_t> &bytes) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char *>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

inline std::string textOf(llvm::Error error) { return llvm::toString(std::move(error)); }
template <typename T> std::string textOf(llvm::Expected<T> value) {
  return value ? "" : llvm::toString(value.takeError());
}

/// The value, or a failed test with the error's text.
template <typename T> T valueOf(llvm::Expected<T> value) {
  if (!value) {
    std::string text = llvm::toString(value.takeError());
    ADD_FAILURE() << text;
    throw std::runtime_error(text);
  }
  return std::move(*value);
}

inline testing::AssertionResult contains(const std::string &text, const std::string &part) {
  if (text.find(part) != std::string::npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "\"" << text << "\" doesn't contain \"" << part << "\"";
}

} // namespace cosmati::test
