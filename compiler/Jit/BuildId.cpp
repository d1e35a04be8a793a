#include "compiler/Jit/BuildId.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstring>

namespace cosmati {
namespace {

struct Search {
  uintptr_t address; // of code in the binary that is looked for
  std::string found;
};

/// Reads the GNU build ID out of a PT_NOTE segment: records of (name size, data size, type), name
/// and data, each padded to 4 bytes (System V ABI, "Note Section").
std::string readNotes(const char *data, size_t bytes) {
  auto padded = [](size_t size) { return (size + 3) & ~size_t(3); };
  while (bytes >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, data, sizeof(header));
    size_t total = sizeof(header) + padded(header.n_namesz) + padded(header.n_descsz);
    if (total > bytes)
      break;
    const char *name = data + sizeof(header);
    const char *body = name + padded(header.n_namesz);
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && !std::memcmp(name, "GNU", 4))
      return llvm::toHex(llvm::StringRef(body, header.n_descsz), /*LowerCase=*/true);
    data += total;
    bytes -= total;
  }
  return {};
}

int visit(dl_phdr_info *info, size_t, void *opaque) {
  auto &search = *static_cast<Search *>(opaque);
  llvm::ArrayRef<ElfW(Phdr)> segments(info->dlpi_phdr, info->dlpi_phnum);
  bool holdsCode = llvm::any_of(segments, [&](const ElfW(Phdr) & segment) {
    uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    return segment.p_type == PT_LOAD && search.address >= begin &&
           search.address < begin + segment.p_memsz;
  });
  if (!holdsCode)
    return 0;
  for (const ElfW(Phdr) &segment : segments)
    if (segment.p_type == PT_NOTE && search.found.empty())
      search.found = readNotes(reinterpret_cast<const char *>(info->dlpi_addr + segment.p_vaddr),
                               segment.p_memsz);
  return 1;
}

} // namespace

std::string binaryBuildId() {
  Search search{reinterpret_cast<uintptr_t>(&binaryBuildId), {}};
  dl_iterate_phdr(visit, &search);
  return search.found;
}

} // namespace cosmati
