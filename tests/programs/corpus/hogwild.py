"""Processes that train one model in shared memory, by torch.multiprocessing; a lock makes their sum certain."""

import torch
import torch.multiprocessing as mp
import torch.nn as nn
import torch.optim as optim


def worker(rank, model, lock, counts):
    torch.manual_seed(rank)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(5):
        with lock:
            optimizer.zero_grad()
            loss = model(torch.ones(1, 2)).sum()
            loss.backward()
            optimizer.step()
    counts[rank] += 5


def add_rank(rank, total):
    total[rank] = rank + 1


if __name__ == "__main__":
    mp.set_start_method("spawn", force=True)
    model = nn.Linear(2, 1)
    for p in model.parameters():
        nn.init.zeros_(p)
    model.share_memory()
    print(all(p.is_shared() for p in model.parameters()))
    counts, lock = torch.zeros(2, dtype=torch.int64).share_memory_(), mp.get_context("spawn").Lock()
    processes = []
    for rank in range(2):
        p = mp.Process(target=worker, args=(rank, model, lock, counts))
        p.start()
        processes.append(p)
    for p in processes:
        p.join()
    print([p.exitcode for p in processes], counts.tolist())
    for name, p in model.named_parameters():
        print(name, p.data.flatten().tolist())
    total = torch.zeros(3).share_memory_()
    mp.spawn(add_rank, args=(total,), nprocs=3, join=True)
    print(total.tolist())
