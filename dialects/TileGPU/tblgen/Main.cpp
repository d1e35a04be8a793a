// cosmati-mma-tblgen: what is made of MmaInstructions.td.
#include "llvm/Support/CommandLine.h"
#include "llvm/TableGen/TableGenBackend.h"

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv, "Generator of the matrix instructions' tables\n");
  llvm::MultiFileTableGenMainFn generatorOnCommandLine = nullptr;
  return llvm::TableGenMain(argv[0], generatorOnCommandLine);
}
