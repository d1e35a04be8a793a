// Locations that LLVM loses: in its IR before code generation, and in the text after it.
#include "compiler/Target/NVPTX/LineTable.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Support/SourceMgr.h"

#include "gtest/gtest.h"

using namespace cosmati;

namespace {

TEST(LineTable, TheStartOfAFunctionGetsTheChainOfItsDef) {
  EXPECT_EQ(completeLineDirectives("\t.loc\t1 1 0\n\tld.param.b64 %rd1, [p];\n", 7),
            "\t.loc\t1 1 7\n\tld.param.b64 %rd1, [p];\n");
}

TEST(LineTable, DirectivesWithoutLineOrChainLeaveTheLineBeforeInForce) {
  EXPECT_EQ(completeLineDirectives("\t.loc\t1 4 2\n\tadd;\n\t.loc\t1 0 2\n\tsub;\n"
                                   "\t.loc\t1 9 0\n\tmul;\n\t.loc\t1 5 3\n\tret;",
                                   1),
            "\t.loc\t1 4 2\n\tadd;\n\tsub;\n\tmul;\n\t.loc\t1 5 3\n\tret;");
}

TEST(LineTable, OtherTextIsUntouched) {
  std::string text = ".version 8.0\n\n\t// .loc 1 0 0\n$L__BB0_1:\n\t.file\t1 \"f\"\n";
  EXPECT_EQ(completeLineDirectives(text, 1), text);
  EXPECT_EQ(completeLineDirectives("", 1), "");
}

constexpr const char *kModule = R"(
define void @k(ptr %p, i1 %c) !dbg !3 {
entry:
  %a = load i32, ptr %p, !dbg !5
  %unlocated = add i32 %a, 1
  %merged = mul i32 %unlocated, 3, !dbg !7
  store i32 %merged, ptr %p, !dbg !6
  br i1 %c, label %more, label %end
more:
  br label %end
end:
  ret void
}
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}
!0 = distinct !DICompileUnit(language: DW_LANG_C, file: !1, emissionKind: DebugDirectivesOnly)
!1 = !DIFile(filename: "k", directory: "")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = distinct !DISubprogram(name: "k", file: !1, line: 1, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!4 = !DISubroutineType(types: !{})
!5 = !DILocation(line: 2, column: 11, scope: !3)
!6 = !DILocation(line: 3, column: 12, scope: !3)
!7 = !DILocation(line: 0, scope: !3)
)";

TEST(LineTable, InstructionsTakeTheLocationOfWhatUsesThem) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic problem;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(kModule, problem, context);
  ASSERT_TRUE(module) << problem.getMessage().str();
  completeLocations(*module);
  llvm::Function &function = *module->getFunction("k");
  std::vector<unsigned> columns;
  for (llvm::Instruction &instruction : function.getEntryBlock())
    columns.push_back(instruction.getDebugLoc() ? instruction.getDebugLoc().getCol() : 0);
  // load, add (used by the multiplication), mul (used by the store), store, branch (its neighbour).
  EXPECT_EQ(columns, (std::vector<unsigned>{11, 12, 12, 12, 12}));
}

} // namespace
