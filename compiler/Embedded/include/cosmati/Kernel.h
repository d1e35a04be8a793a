// Cosmati's kernel language in C++.
//
//   #include <cosmati/Kernel.h>
//   using namespace cosmati;
//
//   auto add = kernel("add(x, y, out, n)",
//                     [](Ptr<const float> x, Ptr<const float> y, Ptr<float> out, Scalar<int> n) {
//     auto i = programId(0) * 1024 + arange<1024>();
//     auto mask = i < n;
//     store(out + i, load(x + i, mask) + load(y + i, mask), mask);
//   });
//   std::vector<float> x(n), y(n), out(n);
//   setDevice("vm");
//   add[cdiv(n, 1024)](x, y, out, n);
//
// The function runs once for each variant: it does not compute, it builds the kernel that does.
// Shapes and element types are checked by the C++ compiler, all else when the kernel is built;
// errors name the C++ line. No header of MLIR or LLVM is needed; link Cosmati::cosmati.
#pragma once

#include "cosmati/Block.h"
#include "cosmati/BlockPointer.h"
#include "cosmati/Blocks.h"
#include "cosmati/Control.h"
#include "cosmati/Device.h"
#include "cosmati/Dot.h"
#include "cosmati/Errors.h"
#include "cosmati/Foreign.h"
#include "cosmati/Launch.h"
#include "cosmati/Math.h"
#include "cosmati/Memory.h"
#include "cosmati/Program.h"
#include "cosmati/Random.h"
#include "cosmati/Reduce.h"
#include "cosmati/Sort.h"
