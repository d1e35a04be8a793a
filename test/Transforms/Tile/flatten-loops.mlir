// RUN: cosmati-opt %s --tile-flatten-loops --canonicalize --cse --split-input-file | FileCheck %s

// CHECK-LABEL: @persistent
