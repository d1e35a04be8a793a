"""torch's cuda device as the virtual machine; it stays so: each test has a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.torch

START = """
import torch, triton
import triton.language as tl

@triton.jit
def double(x, y, n, BLOCK: tl.constexpr):
    i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(y + i, 2 * tl.load(x + i, mask=i < n), mask=i < n)
"""


def run(text, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(START + textwrap.dedent(text) + "\nprint('done')\n")
    command = [sys.executable, "-m", "cosmati.compat", "--device", "vm", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip().endswith("done"), done.stderr
    return done


def test_tensors_move_between_host_and_device(tmp_path):
    done = run(
        """
        x = torch.randn(5, device="cuda")
        host = torch.ones(5)
        assert x.is_cuda and x.device == torch.device("cuda:0") and x.get_device() == 0
        assert not host.is_cuda and host.device.type == "cpu" and host.get_device() == -1
        assert (2 * host).device.type == "cpu" and (x + host.cuda()).is_cuda
        there = host.cuda()
        there += 1
        assert host.sum() == 5 and there.sum() == 10        # a copy, as between two memories
        back = there.cpu()
        there += 1
        assert back.sum() == 10 and back.device.type == "cpu"
        assert x.cuda() is x and x.to("cuda") is x and host.to("cpu") is host
        assert host.to(x).is_cuda and x.to(host).device.type == "cpu"
        assert host.to("cuda", torch.float64).is_cuda and x.half().is_cuda
        assert torch.empty_like(x).is_cuda and x.new_zeros(3).is_cuda
        assert torch.as_tensor([1.0], device="cuda").is_cuda
        assert torch.zeros(2, device=0).is_cuda and torch.zeros(2, pin_memory=True).is_cpu
        layer = torch.nn.Linear(5, 2).cuda()
        assert layer.weight.is_cuda and layer(x).is_cuda
        with torch.device("cuda"):
            assert torch.zeros(2).is_cuda
        torch.set_default_device("cuda")
        assert torch.zeros(2).is_cuda
        try:
            torch.zeros(2, device="cuda:1")
        except ValueError as error:
            assert "there is no device cuda:1" in str(error)
        else:
            raise AssertionError
        """,
        tmp_path,
    )
    assert done.stderr.count("device cuda is the PTX virtual machine") == 1


def test_kernels_run_in_autograd_functions_and_their_backward_pass(tmp_path):
    run(
        """
        class Double(torch.autograd.Function):
            @staticmethod
            @torch.amp.custom_fwd(device_type="cuda")
            def forward(ctx, x):
                assert x.is_cuda
                ctx.save_for_backward(x)
                y = torch.empty_like(x)
                with torch.cuda.device(x.device.index):
                    double[(triton.cdiv(x.numel(), 16),)](x, y, x.numel(), BLOCK=16)
                return y

            @staticmethod
            @torch.amp.custom_bwd(device_type="cuda")
            def backward(ctx, dy):
                (x,) = ctx.saved_tensors
                assert x.is_cuda and dy.is_cuda
                dx = torch.empty(x.shape, device=x.device)
                dy = dy.contiguous()
                double[(triton.cdiv(x.numel(), 16),)](dy, dx, x.numel(), BLOCK=16)
                return dx

        x = torch.randn(20, device="cuda", requires_grad=True)
        y = Double.apply(x)
        torch.testing.assert_close(y, 2 * x)
        y.sum().backward()
        assert x.grad.is_cuda and (x.grad == 2).all()
        """,
        tmp_path,
    )


def test_torch_cuda_answers_for_one_device(tmp_path):
    run(
        """
        import threading
        cuda = torch.cuda
        assert cuda.is_available() and cuda.device_count() == 1 and cuda.current_device() == 0
        assert cuda.get_device_capability() == (9, 0)
        assert cuda.get_device_properties("cuda").major == 9
        count = cuda.get_device_properties(0).multi_processor_count
        shown = triton.runtime.driver.active.utils.get_device_properties(0)
        assert shown["multiprocessor_count"] == count, (shown, count)
        assert "virtual machine" in cuda.get_device_name()
        free, total = cuda.mem_get_info()
        assert 0 < free and 0 < total
        stream, start, end = cuda.Stream(), cuda.Event(enable_timing=True), cuda.Event(True)
        start.record()
        with cuda.stream(stream):
            cuda.current_stream().wait_stream(stream)
        end.record()
        assert start.elapsed_time(end) >= 0
        cuda.synchronize(), cuda.empty_cache(), cuda.manual_seed(1)
        first = torch.randn(3, device="cuda")
        cuda.manual_seed(1)
        assert (torch.randn(3, device="cuda") == first).all()
        generator = torch.Generator(device="cuda").manual_seed(2)
        assert torch.randn(2, device="cuda", generator=generator).is_cuda
        assert isinstance(torch.default_generator, torch.Generator)
        assert torch.accelerator.current_accelerator().type == "cuda"
        try:
            cuda.CUDAGraph()
        except RuntimeError as error:
            assert "has no counterpart" in str(error)
        seen = []
        thread = threading.Thread(
            target=lambda: seen.append(torch.zeros(2, device="cuda").is_cuda)
        )
        thread.start(), thread.join()
        assert seen == [True]
        """,
        tmp_path,
    )


def test_autocast_of_cuda_is_that_of_the_cpu_with_its_own_default(tmp_path):
    run(
        """
        a = torch.randn(4, 4, device="cuda")
        with torch.autocast("cuda"):
            assert torch.is_autocast_enabled("cuda")
            assert torch.get_autocast_dtype("cuda") == torch.float16
            assert (a @ a).dtype == torch.float16
        with torch.autocast(device_type="cuda", dtype=torch.bfloat16):
            assert (a @ a).dtype == torch.bfloat16
        assert not torch.is_autocast_enabled("cuda") and (a @ a).dtype == torch.float32
        """,
        tmp_path,
    )


def test_torch_finds_triton_and_its_autotuner_tunes_host_tensors(tmp_path):
    run(
        """
        from torch.utils._triton import has_triton
        assert has_triton()
        tuned = triton.autotune(
            configs=[triton.Config({"BLOCK": 16}), triton.Config({"BLOCK": 32})], key=["n"]
        )(double)
        x = torch.randn(20, device="cuda")
        y = torch.empty_like(x)
        tuned[lambda meta: (triton.cdiv(20, meta["BLOCK"]),)](x, y, 20)
        torch.testing.assert_close(y, 2 * x)
        assert torch.compile(lambda v: v + 1)(x).is_cuda
        """,
        tmp_path,
    )


def test_installing_after_a_launch_with_tensors_is_refused(tmp_path):
    path = tmp_path / "late.py"
    path.write_text(
        "import cosmati.compat.triton\n" + START + "double[(1,)](torch.ones(4), torch.ones(4), 4, "
        "BLOCK=4)\nfrom cosmati.compat import torch_vm\ntorch_vm.install()\n"
    )
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "call cosmati.compat.torch_vm.install() before the first launch" in done.stderr


def test_a_training_step_with_torchs_own_parts_runs(tmp_path):
    run(
        """
        from torch.utils.checkpoint import checkpoint
        x = torch.randn(4, 4, device="cuda", requires_grad=True)
        checkpoint(lambda v: v * 2, x, use_reentrant=False).sum().backward()
        assert x.grad.is_cuda and (x.grad == 2).all()
        layer = torch.nn.Linear(4, 4).cuda()
        optimizer = torch.optim.AdamW(layer.parameters(), fused=True)
        scaler = torch.amp.GradScaler("cuda")
        scaler.scale(layer(x).sum()).backward()
        before = layer.weight.detach().clone()
        scaler.step(optimizer), scaler.update()
        assert not torch.equal(before, layer.weight)
        """,
        tmp_path,
    )


def test_data_ptr_is_an_address_that_kernels_follow(tmp_path):
    run(
        """
        @triton.jit
        def gather(table, out, n, BLOCK: tl.constexpr):
            row = tl.program_id(0)
            source = tl.load(table + row).to(tl.pointer_type(tl.float32))
            i = tl.arange(0, BLOCK)
            tl.store(out + row * n + i, tl.load(source + i, mask=i < n), mask=i < n)

        rows = [torch.randn(20, device="cuda") for _ in range(3)]
        rows.append(torch.randn(8, 20, device="cuda")[3])     # the storage lives, its tensor not
        table = torch.tensor([row.data_ptr() for row in rows], device="cuda")
        out = torch.empty(4, 20, device="cuda")
        gather[(4,)](table, out, 20, BLOCK=32)
        assert torch.equal(out, torch.stack(rows))
        x = torch.zeros(64, device="cuda")
        with torch._C.DisableTorchFunction():
            host = [x[k:].data_ptr() for k in (0, 1, 4)]
        seen = [x[k:].data_ptr() for k in (0, 1, 4)]
        assert [a % 256 for a in host] == [a % 256 for a in seen] and host != seen
        assert seen[1] - seen[0] == 4 and x.view(8, 8).data_ptr() == seen[0]
        assert torch.zeros(2).data_ptr() < 2**48 < seen[0]    # the host's stay what they are
        assert torch.zeros(0, device="cuda").data_ptr() == 0
        assert torch.zeros(2, dtype=torch.complex64, device="cuda").data_ptr() > 2**48
        double[(1,)](x[1:], x, 8, BLOCK=32)                   # aligned arguments are unaffected
        """,
        tmp_path,
    )
