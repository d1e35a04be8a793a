//===- InstructionsControl.td - control flow and synchronisation -- -*- tablegen -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// A part of Instructions.td.
//===----------------------------------------------------------------------===//

//===- Textures --------------------------------------------------------------===//
let section = Texture in {
foreach opcode = ["tex", "tld4", "txq", "istypep"] in
  def Texture_#opcode : Rejected<opcode, "textures">;
}

//===- Surfaces --------------------------------------------------------------===//
let section = Surface in {
foreach opcode = ["suld", "sust", "sured", "suq"] in
  def Surface_#opcode : Rejected<opcode, "surfaces">;
}

//===- Control flow ----------------------------------------------------------===//
let section = ControlFlow in {
def Bra : Inst<Control, CountControl, "bra[.uni]", "*">;
def BrxIdx : Inst<Control, CountControl, "brx.idx[.uni]", "*">;
def Call : Inst<Control, CountControl, "call[.uni]", "*">;
def Ret : Inst<Control, CountControl, "ret[.uni]", "">;
def Exit : Inst<Control, CountControl, "exit", "">;
}

//===- Parallel synchronization and communication ----------------------------===//
let section = Synchronization, checks = [Race, Sync] in {
def BarWarp : Inst<WarpOps, CountBarrier, "bar.warp.sync", "b32">;
def BarSync : Inst<Barrier, CountBarrier, "bar[.cta].sync", "u32 u32?">;
def BarArrive : Inst<Barrier, CountBarrier, "bar[.cta].arrive", "u32 u32">;
def BarRedPopc : Inst<Barrier, CountBarrier, "bar[.cta].red.popc.u32", "*">;
def BarRedPred : Inst<Barrier, CountBarrier, "bar[.cta].red.(and|or).pred", "*">;
def BarrierSync : Inst<Barrier, CountBarrier, "barrier[.cta].sync[.aligned]", "u32 u32?">;
def BarrierArrive : Inst<Barrier, CountBarrier, "barrier[.cta].arrive[.aligned]", "u32 u32">;
def BarrierRedPopc : Inst<Barrier, CountBarrier, "barrier[.cta].red.popc[.aligned].u32", "*">;
def BarrierRedPred : Inst<Barrier, CountBarrier, "barrier[.cta].red.(and|or)[.aligned].pred", "*">;
def Membar : Inst<Misc, CountBarrier, "membar.(cta|gl|sys|proxy.alias)", "">;
def Fence : Inst<Misc, CountBarrier,
    "fence[.(sc|acq_rel|acquire|release)].(cta|cluster|gpu|sys)", "">;
def FenceRestrict : Inst<Misc, CountBarrier, !strconcat("fence.(acquire.sync_restrict::shared::cluster",
    "|release.sync_restrict::shared::cta).cluster"), "">;
def FenceProxyGeneric : Inst<Misc, CountBarrier, !strconcat("fence.proxy.async::generic.",
    "(acquire.sync_restrict::shared::cluster|release.sync_restrict::shared::cta).cluster"), "">;
def FenceMbarrier : Inst<Misc, CountBarrier, "fence.mbarrier_init.release.cluster", "">;
def FenceTensorMapRelease : Inst<Misc, CountBarrier,
    "fence.proxy.tensormap::generic.release.(cta|cluster|gpu|sys)", "">;
def FenceTensorMapAcquire : Inst<Misc, CountBarrier,
    "fence.proxy.tensormap::generic.acquire.(cta|cluster|gpu|sys)", "*">;
def FenceProxy : Inst<Misc, CountBarrier,
    "fence.proxy.(alias|async|async.global|async.shared::cta|async.shared::cluster)", "">;
def GridDep : Hint<Misc, CountControl, "griddepcontrol.(wait|launch_dependents)", "">;
def BarrierClusterArrive : Inst<Cluster, CountBarrier,
    "barrier.cluster.arrive[.(release|relaxed)][.aligned]", "">;
def BarrierClusterWait : Inst<Cluster, CountBarrier, "barrier.cluster.wait[.acquire][.aligned]",
    "">;
def ClusterLaunchControl : Rejected<"clusterlaunchcontrol", "an instruction of sm_100">;
}

//===- Atomics and reductions ------------------------------------------------===//
defvar OptHint = "[.L2::cache_hint]";
/// What atom and red share; `head` is everything before the operation. libcu++ writes the order
/// behind the operation (`late`), which the assembler takes, too.
multiclass AtomicRows<string head, string late> {
  defvar hint = !strconcat(late, OptHint);
  def I : Inst<Atomic, CountAtomic, !strconcat(head, ".add", hint, ".(u32|s32|u64)"), "*">;
  def : Form<!cast<Inst>(NAME # "I"),
      !strconcat(head, ".(min|max)", hint, ".(u32|s32|u64|s64)")>;
  def F : Inst<Atomic, CountAtomic, !strconcat(head, ".add", hint, ".(f32|f64)"), "*">;
  def : Form<!cast<Inst>(NAME # "F"),
      !strconcat(head, ".add.noftz", OptHint, ".(f16|bf16|f16x2|bf16x2)")>;
  def B : Inst<Atomic, CountAtomic, !strconcat(head, ".(and|or|xor)", hint, ".(b32|b64)"), "*">;
  def IncDec : Inst<Atomic, CountAtomic, !strconcat(head, ".(inc|dec)", hint, ".u32"), "*">;
}
/// Vectors: every element is an atomic of its own.
multiclass AtomicVectors<string head> {
  def V : Inst<Atomic, CountAtomic, !strconcat(head, ".add", OptHint, ".(v2|v4).f32"), "*">;
  def : Form<!cast<Inst>(NAME # "V"),
      !strconcat(head, ".(add|min|max).noftz", OptHint, ".(v2|v4|v8).(f16|bf16)")>;
  def : Form<!cast<Inst>(NAME # "V"),
      !strconcat(head, ".(add|min|max).noftz", OptHint, ".(v2|v4).(f16x2|bf16x2)")>;
}
defvar AtomOrder = !strconcat("[.(relaxed|acquire|release|acq_rel)]", OptScope);
defvar RedOrder = !strconcat("[.(relaxed|release)]", OptScope);
defvar AtomHead = !strconcat("atom", AtomOrder);
defvar RedHead = !strconcat("red", RedOrder);
let section = Atomics, checks = Accesses in {
defm Atom : AtomicRows<!strconcat(AtomHead, OptWindow, OptScope), AtomOrder>;
def AtomExch : Inst<Atomic, CountAtomic,
    !strconcat(AtomHead, OptWindow, OptScope, ".exch", AtomOrder, OptHint, ".(b32|b64|b128)"), "*">;
def AtomCas : Inst<Atomic, CountAtomic,
    !strconcat(AtomHead, OptWindow, OptScope, ".cas", AtomOrder, OptHint, ".(b16|b32|b64|b128)"), "*">;
defm Atom : AtomicVectors<!strconcat(AtomHead, "[.global]", OptScope)>;
def : Form<AtomV, !strconcat(AtomHead, "[.global]", OptScope, ".(v2|v4).f32.add")>;
def : Form<AtomV, !strconcat(AtomHead, "[.global]", OptScope,
    ".(v2|v4|v8).(f16|bf16).(add|min|max).noftz")>;
def : Form<AtomV, !strconcat(AtomHead, "[.global]", OptScope,
    ".(v2|v4).(f16x2|bf16x2).(add|min|max).noftz")>;
defm Red : AtomicRows<!strconcat(RedHead, OptWindow, OptScope), RedOrder>;
defm Red : AtomicVectors<!strconcat(RedHead, "[.global]", OptScope)>;
defvar RedAsync = !strconcat("red.async.relaxed.cluster[.shared::cluster]",
    ".mbarrier::complete_tx::bytes");
def RedAsyncB : Inst<Cluster, CountAtomic, !strconcat(RedAsync, ".(and|or|xor).b32"), "*">;
def RedAsyncAdd : Inst<Cluster, CountAtomic, !strconcat(RedAsync, ".add.(u32|s32|u64)"), "*">;
def RedAsyncMinMax : Inst<Cluster, CountAtomic, !strconcat(RedAsync, ".(min|max).(u32|s32)"), "*">;
def RedAsyncIncDec : Inst<Cluster, CountAtomic, !strconcat(RedAsync, ".(inc|dec).u32"), "*">;
}

//===- Votes, matches and reductions of a warp -------------------------------===//
let section = WarpVotes in {
def Vote : Inst<WarpOps, CountWarp, "vote.sync.(all|any|uni).pred", "=pred !pred b32">;
def Ballot : Inst<WarpOps, CountWarp, "vote.sync.ballot.b32", "=b32 !pred b32">;
def MatchAny : Inst<WarpOps, CountWarp, "match.any.sync.(b32|b64)", "=b32 t b32">;
def MatchAll : Inst<WarpOps, CountWarp, "match.all.sync.(b32|b64)", "=b32|p t b32">;
def ReduxI : Inst<WarpOps, CountWarp, "redux.sync.(add|min|max).(u32|s32)", "=t t b32">;
def ReduxB : Inst<WarpOps, CountWarp, "redux.sync.(and|or|xor).b32", "=t t b32">;
def Elect : Inst<WarpOps, CountWarp, "elect.sync", "=b32|p b32">;
def ActiveMask : Inst<WarpOps, CountWarp, "activemask.b32", "=t">;
def VoteOld : Rejected<"vote.(all|any|uni|ballot)",
    "without .sync it ended with sm_60; use vote.sync">;
def ReduxFloat : Rejected<"redux.sync.(min|max)[.abs][.NaN].f32", "an instruction of sm_100">;
}

//===- mbarrier objects ------------------------------------------------------===//
defvar OptCtaShared = "[.(shared|shared::cta)]";
defvar TxSpace = "[.relaxed][.(cta|cluster)][.(shared|shared::cta|shared::cluster)]";
defvar OptShared = "[.(shared|shared::cta|shared::cluster)]";
defvar ArriveSpace = !strconcat("[.(release|relaxed)][.(cta|cluster)]", OptShared, ".b64");
defvar WaitSpace = !strconcat("[.(acquire|relaxed)][.(cta|cluster)]", OptCtaShared, ".b64");
let section = Mbarriers, checks = [Bounds, Race, Sync] in {
def MbarrierInit : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.init", OptCtaShared, ".b64"),
    "*">;
def MbarrierInval : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.inval", OptCtaShared, ".b64"),
    "*">;
def MbarrierExpectTx : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.expect_tx", TxSpace,
    ".b64"), "*">;
def MbarrierCompleteTx : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.complete_tx", TxSpace,
    ".b64"), "*">;
def MbarrierArrive : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.arrive", ArriveSpace), "*">;
def MbarrierArriveTx : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.arrive.expect_tx",
    ArriveSpace), "*">;
def MbarrierArriveNoComplete : Inst<Mbarrier, CountBarrier,
    !strconcat("mbarrier.arrive.noComplete[.release][.cta]", OptCtaShared, ".b64"), "*">;
def MbarrierDrop : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.arrive_drop", ArriveSpace),
    "*">;
def MbarrierDropTx : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.arrive_drop.expect_tx",
    ArriveSpace), "*">;
def MbarrierDropNoComplete : Inst<Mbarrier, CountBarrier,
    !strconcat("mbarrier.arrive_drop.noComplete[.release][.cta]", OptCtaShared, ".b64"), "*">;
def MbarrierTestWait : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.test_wait[.parity]",
    WaitSpace), "*">;
def MbarrierTryWait : Inst<Mbarrier, CountBarrier, !strconcat("mbarrier.try_wait[.parity]",
    WaitSpace), "*">;
def MbarrierPending : Inst<Mbarrier, CountInteger, "mbarrier.pending_count.b64", "=b32 b64">;
}
