#include "runtime/Toolchain/SharedLibrary.h"

#include <dlfcn.h>
#include <link.h>

using namespace cosmati::runtime;

llvm::Expected<SharedLibrary> SharedLibrary::open(llvm::StringRef name) {
  std::string text = name.str();
  if (void *handle = dlopen(text.c_str(), RTLD_NOW | RTLD_LOCAL))
    return SharedLibrary(handle, std::move(text));
  const char *why = dlerror();
  return llvm::createStringError("%s", why ? why : "dlopen failed");
}

void *SharedLibrary::symbol(const char *symbolName) const { return dlsym(handle, symbolName); }

std::string SharedLibrary::path() const {
  link_map *map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map && map->l_name && *map->l_name)
    return map->l_name;
  return name;
}
