"""Attention written with einsum: heads, relative positions, rotary embeddings, grouped queries with a cache, linear attention, local windows, mixtures of experts."""

import math
from typing import NamedTuple, Optional

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import einsum

torch.manual_seed(5)


def exists(val):
    return val is not None


def default(val, d):
    return val if exists(val) else d


class RMSNorm(torch.nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps, self.weight = eps, nn.Parameter(torch.ones(dim))

    def _norm(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)

    def forward(self, x):
        return self._norm(x.float()).type_as(x) * self.weight


def precompute_freqs_cis(dim: int, end: int, theta: float = 10000.0):
    freqs = 1.0 / (theta ** (torch.arange(0, dim, 2)[: (dim // 2)].float() / dim))
    t = torch.arange(end, device=freqs.device)
    freqs = torch.outer(t, freqs).float()
    return torch.polar(torch.ones_like(freqs), freqs)


def apply_rotary_emb(xq, xk, freqs_cis):
    xq_ = torch.view_as_complex(xq.float().reshape(*xq.shape[:-1], -1, 2))
    xk_ = torch.view_as_complex(xk.float().reshape(*xk.shape[:-1], -1, 2))
    freqs_cis = freqs_cis.view(1, xq_.shape[1], 1, xq_.shape[-1])
    xq_out = torch.view_as_real(xq_ * freqs_cis).flatten(3)
    xk_out = torch.view_as_real(xk_ * freqs_cis).flatten(3)
    return xq_out.type_as(xq), xk_out.type_as(xk)


def rotate_half(x):
    x1, x2 = x.chunk(2, dim=-1)
    return torch.cat((-x2, x1), dim=-1)


def repeat_kv(x: torch.Tensor, n_rep: int) -> torch.Tensor:
    bs, slen, n_kv_heads, head_dim = x.shape
    if n_rep == 1:
        return x
    return x[:, :, :, None, :].expand(bs, slen, n_kv_heads, n_rep, head_dim).reshape(bs, slen, n_kv_heads * n_rep, head_dim)


class GroupedAttention(nn.Module):
    def __init__(self, dim, n_heads, n_kv_heads, max_len=16):
        super().__init__()
        self.n_heads, self.n_kv_heads, self.head_dim = n_heads, n_kv_heads, dim // n_heads
        self.n_rep = n_heads // n_kv_heads
        self.wq, self.wo = nn.Linear(dim, n_heads * self.head_dim, bias=False), nn.Linear(n_heads * self.head_dim, dim, bias=False)
        self.wk, self.wv = (nn.Linear(dim, n_kv_heads * self.head_dim, bias=False) for _ in range(2))
        self.register_buffer("cache_k", torch.zeros(2, max_len, n_kv_heads, self.head_dim), persistent=False)
        self.register_buffer("cache_v", torch.zeros(2, max_len, n_kv_heads, self.head_dim), persistent=False)

    def forward(self, x, start_pos: int, freqs_cis, mask: Optional[torch.Tensor], cached=False):
        bsz, seqlen, _ = x.shape
        xq, xk, xv = self.wq(x), self.wk(x), self.wv(x)
        xq = xq.view(bsz, seqlen, self.n_heads, self.head_dim)
        xk = xk.view(bsz, seqlen, self.n_kv_heads, self.head_dim)
        xv = xv.view(bsz, seqlen, self.n_kv_heads, self.head_dim)
        xq, xk = apply_rotary_emb(xq, xk, freqs_cis=freqs_cis)
        keys, values = xk, xv
        if cached:
            self.cache_k = self.cache_k.to(xq)
            self.cache_k[:bsz, start_pos : start_pos + seqlen] = xk
            self.cache_v[:bsz, start_pos : start_pos + seqlen] = xv
            keys, values = self.cache_k[:bsz, : start_pos + seqlen], self.cache_v[:bsz, : start_pos + seqlen]
        keys, values = repeat_kv(keys, self.n_rep), repeat_kv(values, self.n_rep)
        scores = einsum("bqhd,bkhd->bhqk", xq, keys) / math.sqrt(self.head_dim)
        if exists(mask):
            scores = scores + mask
        scores = F.softmax(scores.float(), dim=-1).type_as(xq)
        return self.wo(einsum("bhqk,bkhd->bqhd", scores, values).contiguous().view(bsz, seqlen, -1))


class SwiGLU(nn.Module):
    def __init__(self, dim, hidden_dim, multiple_of=8):
        super().__init__()
        hidden_dim = multiple_of * ((int(2 * hidden_dim / 3) + multiple_of - 1) // multiple_of)
        self.w1, self.w2, self.w3 = nn.Linear(dim, hidden_dim, bias=False), nn.Linear(hidden_dim, dim, bias=False), nn.Linear(dim, hidden_dim, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class MoE(nn.Module):
    def __init__(self, dim, n_experts=4, top=2):
        super().__init__()
        self.gate, self.top = nn.Linear(dim, n_experts, bias=False), top
        self.experts = nn.ModuleList(SwiGLU(dim, 24) for _ in range(n_experts))

    def forward(self, x):
        flat = x.view(-1, x.shape[-1])
        weights, chosen = torch.topk(self.gate(flat), self.top)
        weights = F.softmax(weights, dim=1, dtype=torch.float).to(x.dtype)
        results = torch.zeros_like(flat)
        for i, expert in enumerate(self.experts):
            batch_idx, nth_expert = torch.where(chosen == i)
            results[batch_idx] += weights[batch_idx, nth_expert, None] * expert(flat[batch_idx])
        return results.view_as(x), chosen.flatten().bincount(minlength=len(self.experts))


class Llama(nn.Module):
    def __init__(self, vocab=20, dim=32, max_len=16):
        super().__init__()
        self.tok_embeddings, self.output = nn.Embedding(vocab, dim), nn.Linear(dim, vocab, bias=False)
        self.attention, self.moe = GroupedAttention(dim, 4, 2), MoE(dim)
        self.attention_norm, self.ffn_norm, self.norm = RMSNorm(dim), RMSNorm(dim), RMSNorm(dim)
        self.freqs_cis = precompute_freqs_cis(dim // 4, max_len * 2)

    def forward(self, tokens, start_pos=0, cached=False):
        _bsz, seqlen = tokens.shape
        h = self.tok_embeddings(tokens)
        freqs_cis = self.freqs_cis[start_pos : start_pos + seqlen]
        mask = None
        if seqlen > 1:
            mask = torch.full((1, 1, seqlen, seqlen), float("-inf"), device=tokens.device)
            mask = torch.triu(mask, diagonal=start_pos + 1).type_as(h)
        h = h + self.attention(self.attention_norm(h), start_pos, freqs_cis, mask, cached)
        out, load = self.moe(self.ffn_norm(h))
        return self.output(self.norm(h + out)), load


model = Llama()
tokens = torch.randint(0, 20, (2, 9))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, betas=(0.9, 0.95), weight_decay=0.1)
for step in range(12):
    logits, load = model(tokens[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if step % 4 == 0:
        print(step, "%.5f" % loss.item(), load.tolist())


def sample_top_p(probs, p):
    probs_sort, probs_idx = torch.sort(probs, dim=-1, descending=True)
    probs_sum = torch.cumsum(probs_sort, dim=-1)
    mask = probs_sum - probs_sort > p
    probs_sort[mask] = 0.0
    probs_sort.div_(probs_sort.sum(dim=-1, keepdim=True))
    next_token = torch.multinomial(probs_sort, num_samples=1)
    return torch.gather(probs_idx, -1, next_token)


with torch.inference_mode():
    whole, _ = model(tokens)
    first, _ = model(tokens[:, :4], 0, cached=True)
    rest = [model(tokens[:, i : i + 1], i, cached=True)[0] for i in range(4, 9)]
    print(torch.allclose(whole, torch.cat([first, *rest], 1), atol=1e-5))
    print(torch.cat([sample_top_p(torch.softmax(whole[:, -1] / 0.8, dim=-1), 0.9) for _ in range(5)], 1))
x = torch.randn(2, 3, 8)
angles = torch.cat((torch.arange(3.0)[:, None] * torch.ones(4),) * 2, -1)
print(einsum("b i d, b i d -> b", x * angles.cos() + rotate_half(x) * angles.sin(), x))


class Intermediates(NamedTuple):
    pre: torch.Tensor
    post: torch.Tensor


class RelativeAttention(nn.Module):
    def __init__(self, dim, heads=2, max_pos=5, talking=True):
        super().__init__()
        self.heads, self.scale, self.max_pos = heads, (dim // heads) ** -0.5, max_pos
        self.to_q, self.to_kv, self.to_out = nn.Linear(dim, dim, bias=False), nn.Linear(dim, dim * 2, bias=False), nn.Linear(dim, dim)
        self.rel_pos_emb = nn.Embedding(2 * max_pos + 1, dim // heads)
        self.mix = nn.Parameter(torch.randn(heads, heads)) if talking else None
        self.bias = nn.Parameter(torch.zeros(heads, 1, 1))

    def forward(self, x, context=None, mask=None):
        n, h, context = x.shape[-2], self.heads, default(context, x)
        q, (k, v) = self.to_q(x), self.to_kv(context).chunk(2, dim=-1)
        q, k, v = map(lambda t: t.unflatten(-1, (h, -1)).transpose(1, 2), (q, k, v))
        dots = einsum("b h i d, b h j d -> b h i j", q, k) * self.scale
        seq = torch.arange(n)
        dist = (seq[:, None] - torch.arange(context.shape[-2])[None]).clamp(-self.max_pos, self.max_pos) + self.max_pos
        dots = dots + einsum("b h n d, n r d -> b h n r", q, self.rel_pos_emb(dist)) * self.scale + self.bias
        pre = dots
        if exists(self.mix):
            dots = einsum("b h i j, h k -> b k i j", dots, self.mix).contiguous()
        if exists(mask):
            dots.masked_fill_(~mask[:, None, None, :], -torch.finfo(dots.dtype).max)
        attn = dots.softmax(dim=-1)
        out = einsum("b h i j, b h j d -> b h i d", attn, v).movedim(1, 2).flatten(2)
        return self.to_out(out), Intermediates(pre, attn)


layer = RelativeAttention(8)
out, seen = layer(x, torch.randn(2, 7, 8), torch.arange(7) < torch.tensor([[4], [7]]))
out.square().mean().backward()
print(out.shape, seen.post[0, :, 0].sum(-1).detach(), seen.post[0, ..., 4:].max().item(), layer.rel_pos_emb.weight.grad.norm().item(), layer.mix.grad.norm().item())


def linear_attention(q, k, v):
    q, k = F.elu(q) + 1, F.elu(k) + 1
    context = einsum("bhnd,bhne->bhnde", k, v).cumsum(2)
    norm = einsum("bhnd,bhnd->bhn", q, k.cumsum(2)).clamp(min=1e-6)
    return einsum("bhnd,bhnde->bhne", q, context) / norm[..., None]


def local_attention(q, k, v, window=2):
    b, h, n, d = q.shape
    bq, bk, bv = (t.reshape(b, h, n // window, window, d) for t in (q, k, v))
    look = lambda t: torch.cat([F.pad(t, (0, 0, 0, 0, 1, 0))[:, :, :-1], t], dim=3)
    sim = torch.einsum("bhwid,bhwjd->bhwij", bq, look(bk)) * d**-0.5
    causal = torch.ones(window, 2 * window, dtype=torch.bool).triu(window + 1)
    sim = sim.masked_fill(causal, float("-inf"))
    sim[:, :, 0, :, :window] = -1e9
    return torch.einsum("bhwij,bhwjd->bhwid", sim.softmax(-1), look(bv)).reshape(b, h, n, d)


q, k, v = (torch.randn(2, 2, 6, 4, requires_grad=True) for _ in range(3))
for attend in (linear_attention, local_attention, lambda *a: F.scaled_dot_product_attention(*a, is_causal=True)):
    out = attend(q, k, v)
    grads = torch.autograd.grad(out.sin().sum(), (q, k, v))
    print(out.norm().item(), [round(g.norm().item(), 5) for g in grads])
a, b = torch.randn(3, 4), torch.randn(4, 5)
print(einsum("ij,jk", a, b).allclose(a @ b), einsum("ii->i", torch.eye(3)), einsum("...ij->...ji", q).shape, einsum("i,j->ij", a[0], b[0]).shape, torch.einsum(a, [0, 1], b, [1, 2], [0, 2]).allclose(a @ b), einsum("ij,ij->", a, a).item(), torch.tensordot(a, b, dims=([1], [0])).allclose(a @ b))
