//===- ReportJson.cpp - a launch's report for tools -----------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/PtxVm.h"

llvm::json::Value cosmati::ptxvm::toJson(const Report &report) {
  llvm::json::Array findings;
  for (const Finding &f : report.findings)
    findings.push_back(toJson(f));
  llvm::json::Object classes;
  for (size_t c = 0; c < report.counters.byClass.size(); ++c)
    classes[instClassName(InstClass(c))] = report.counters.byClass[c];
  llvm::json::Object object{{"findings", std::move(findings)},
                            {"warp_instructions", report.counters.warpInstructions},
                            {"ctas", report.counters.ctas},
                            {"seconds", report.counters.seconds},
                            {"classes", std::move(classes)}};
  if (!report.profile.empty())
    object["profile"] = toJson(report.profile);
  return object;
}
