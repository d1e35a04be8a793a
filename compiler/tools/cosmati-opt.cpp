// cosmati-opt: runs passes and named pipelines on a file of MLIR, for tests and experiments.
#include "compiler/tools/RegisterAll.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  cosmati::registerAllDialects(registry);
  mlir::registerTransformsPasses();
  return mlir::failed(mlir::MlirOptMain(argc, argv, "Cosmati's pass driver\n", registry));
}
