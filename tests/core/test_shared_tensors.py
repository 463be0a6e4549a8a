"""torch.multiprocessing: memory that processes share, and many processes for one function."""

import multiprocessing
import os
import pickle
import signal
import sys

import pytest
import torch.multiprocessing

import tinytorch as tt
from tinytorch import multiprocessing as mp

with_fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")


def add(index, tensor):
    tensor[index] += index + 1.0


def fail(index):
    if index == 1:
        raise ValueError("one is too many")


def leave(index):
    if index == 1:
        os._exit(7)
    signal.pause() if hasattr(signal, "pause") else None


def killed(index):
    os.kill(os.getpid(), signal.SIGTERM)


def test_share_memory_stays_the_same_tensor():
    x = tt.arange(6.0).reshape(2, 3).clone().requires_grad_()
    y = x * 1
    assert not x.is_shared() and x.share_memory_() is x and x.is_shared()
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]] and x.shape == (2, 3) and x.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [[1] * 3] * 2
    assert x[0].is_shared() and not (x + 1).is_shared()
    assert tt.zeros(0).share_memory_().is_shared() and tt.tensor(3).share_memory_().item() == 3
    with pytest.raises(RuntimeError, match="is a view"):
        tt.zeros(3)[1:].share_memory_()


def test_a_module_is_shared_with_all_it_has():
    net = tt.nn.Sequential(tt.nn.Linear(2, 2), tt.nn.BatchNorm1d(2))
    net(tt.ones(4, 2)).sum().backward()
    before = [p.detach().clone() for p in net.parameters()]
    assert net.share_memory() is net
    assert all(t.is_shared() for t in (*net.parameters(), *net.buffers()))
    assert all(p.grad.is_shared() for p in net.parameters())
    assert all(tt.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))


def sent(tensor):
    """As it arrives in another process."""
    return pickle.loads(multiprocessing.reduction.ForkingPickler.dumps(tensor))


def test_what_is_shared_is_sent_by_name():
    x = tt.arange(12.0).reshape(3, 4).clone().share_memory_()
    there, part = sent(x), sent(x.t()[1:, ::2])
    there[0, 1] = 50.0
    part[2, 1] = 60.0
    assert x[0, 1].item() == 50 and x[2, 3].item() == 60
    p = tt.nn.Parameter(tt.ones(2)).share_memory_()
    assert isinstance(sent(p), tt.nn.Parameter) and sent(p).requires_grad and sent(p).is_shared()
    copy = sent(tt.ones(2))
    assert copy.tolist() == [1, 1] and not copy.is_shared()
    assert pickle.loads(pickle.dumps(x)).tolist() == x.tolist() and not pickle.loads(pickle.dumps(x)).is_shared()
    with pytest.raises(RuntimeError, match="refusing to pickle"):
        sent(x.clone().requires_grad_() * 2)


@with_fork
def test_forked_processes_write_into_it():
    total = tt.zeros(3).share_memory_()
    assert mp.spawn(add, (total,), nprocs=3, start_method="fork") is None
    assert total.tolist() == [1, 2, 3]


@with_fork
@pytest.mark.parametrize("framework", [mp, torch.multiprocessing], ids=["ours", "PyTorch"])
def test_an_error_comes_with_its_traceback(framework):
    with pytest.raises(Exception, match="Process 1 terminated with the following error") as caught:
        framework.start_processes(fail, nprocs=2, start_method="fork")
    assert type(caught.value).__name__ == "ProcessRaisedException"
    assert "ValueError: one is too many" in str(caught.value) and "in fail" in str(caught.value)
    assert caught.value.error_index == 1 and isinstance(caught.value.error_pid, int)


@with_fork
def test_the_others_are_ended_when_one_leaves():
    running = mp.start_processes(leave, nprocs=2, join=False, start_method="fork")
    assert len(running.pids()) == 2
    with pytest.raises(mp.ProcessExitedException, match="process 1 terminated with exit code 7") as caught:
        while not running.join():
            pass
    assert caught.value.exit_code == 7 and not any(process.is_alive() for process in running.processes)


@with_fork
def test_a_signal_is_named():
    with pytest.raises(mp.ProcessExitedException, match="process 0 terminated with signal SIGTERM"):
        mp.start_processes(killed, start_method="fork")


def test_files_are_removed(tmp_path):
    import subprocess

    code = "import tinytorch as t; print(t.ones(3).share_memory_().is_shared()); from tinytorch import multiprocessing as m; print(m.made[0][1])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    shared, file = ran.stdout.split()
    assert shared == "True" and not os.path.exists(file)


def test_the_rest_is_pythons():
    assert mp.Process is multiprocessing.Process and mp.get_context is multiprocessing.get_context
    assert mp.get_sharing_strategy() in mp.get_all_sharing_strategies()
    mp.set_sharing_strategy("file_descriptor")
    with pytest.raises(AssertionError):
        mp.set_sharing_strategy("telepathy")
    with pytest.raises(AttributeError):
        mp.no_such_thing
