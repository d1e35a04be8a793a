// cosmati-opt: runs passes and named pipelines on a file of MLIR, for tests and experiments.
#include "compiler/Pipeline/Pipelines.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  cosmati::registerCompilerDialects(registry);
  cosmati::registerAllPasses();
  return mlir::failed(mlir::MlirOptMain(argc, argv, "Cosmati's pass driver\n", registry));
}
