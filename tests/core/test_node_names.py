"""What PyTorch calls the node that made a tensor, as it is printed and as `grad_fn.name()` says it."""

import re

import pytest
import torch

import tinytorch as tt

SAME = [
    e.strip()
    for e in """
    x+1
    x+x
    1+x
    x-1
    1-x
    x*2
    x*x
    x/2
    x/x
    1/x
    2/x
    -x
    x**2
    x**x
    2**x
    x@w
    x@v
    v@v
    t.dot(v,v)
    t.mv(w,v)
    t.mm(x,w)
    t.matmul(x,w)
    t.bmm(x[None],w[None])
    x.sum()
    x.sum(0)
    x.mean()
    x.mean(1)
    x.var()
    x.std()
    x.max()
    x.max(0)[0]
    x.min()
    x.min(0)[0]
    x.amax(0)
    x.exp()
    x.log()
    x.sqrt()
    x.abs()
    x.sin()
    x.cos()
    x.tanh()
    t.sigmoid(x)
    t.relu(x)
    F.relu(x)
    F.gelu(x)
    F.silu(x)
    F.leaky_relu(x)
    F.elu(x)
    F.softplus(x)
    F.softmax(x,1)
    F.log_softmax(x,1)
    F.logsigmoid(x)
    x.view(4,3)
    x.reshape(4,3)
    x.view(-1)
    x.flatten()
    x.t()
    x.T
    x.transpose(0,1)
    x.permute(1,0)
    x[0]
    x[0,1]
    x[:2]
    x[:,1]
    x[y]
    x[x>0.5]
    x.squeeze()
    x.squeeze(0)
    x.unsqueeze(0)
    x.expand(2,3,4)
    x.repeat(2,1)
    t.cat([x,x])
    t.stack([x,x])
    x.chunk(2,1)[0]
    x.split(2,1)[0]
    x.unbind(0)[0]
    x.clone()
    x.norm()
    x.norm(dim=1)
    t.linalg.norm(x)
    x.clamp(0,1)
    x.pow(2)
    x.square()
    x.double()
    x.mul(2)
    x.masked_fill(x>0.5,0)
    t.where(x>0.5,x,x*2)
    x.gather(1,y[:,None])
    F.linear(x,w)
    nn.Linear(4,2)(x)
    nn.Linear(4,2)(x[None])
    nn.Sequential(nn.Linear(4,2),nn.ReLU())(x)
    F.mse_loss(x,pos)
    F.l1_loss(x,pos)
    F.smooth_l1_loss(x,pos)
    F.cross_entropy(x,y)
    F.nll_loss(x,y)
    F.binary_cross_entropy(x,pos)
    F.binary_cross_entropy_with_logits(x,pos)
    F.kl_div(x,pos)
    nn.Conv2d(3,4,3)(img)
    nn.MaxPool2d(2)(img)
    nn.AvgPool2d(2)(img)
    F.adaptive_avg_pool2d(img,1)
    nn.BatchNorm2d(3)(img)
    nn.LayerNorm(4)(x)
    F.layer_norm(x,(4,))
    nn.GroupNorm(3,3)(img)
    nn.Embedding(4,2)(y)
    F.dropout(x,0.5)
    F.normalize(x)
    x.prod()
    x.cumsum(0)
    x.logsumexp(1)
    x.tril()
    x.diagonal()
    t.einsum('ij,jk->ik',x,w)
    t.outer(v,v)
    F.interpolate(img,scale_factor=2)
    F.pad(x,(1,1))
    x.roll(1)
    x.flip(0)
    x.median()
    nn.LSTM(4,2)(x)[0]
    nn.GRU(4,2)(x)[0]
    nn.RNN(4,2)(x)[0]
    nn.MultiheadAttention(4,2)(x,x,x)[0]
    x.topk(2)[0]
    x.sort()[0]
    F.conv1d(x[None],t.ones(2,3,2))
    nn.ConvTranspose2d(3,4,2)(img)
    F.scaled_dot_product_attention(x[None],x[None],x[None])
    nn.TransformerEncoderLayer(4,2,8,batch_first=True)(x[None])
    x.log1p()
    x.erf()
    x.atan2(x)
    t.addmm(x,x,w)
    (x*1).mul_(2)
    w.inverse()
    t.det(w)
    t.maximum(x,x)
    t.triu(x)
    F.cosine_similarity(x,x)
    t.cdist(x,x)
    F.pairwise_distance(x,x*2)
    t.hypot(x,x)
    x.round()
    x.sign()
    F.hardtanh(x)
    F.relu6(x)
    F.tanh(x)
    nn.PReLU()(x)
    F.glu(x)
    F.one_hot(y).float()*x[:, :3]
    (x*1).add_(1)
    w.trace()
    x[:]
    x[...]
    x[0,:]
    x[0,1:]
    x[1:,0]
    x[:,None]
    x[None]
    x[:,:]
    x[:,y]
    x[None,0]
    x[[0,1]]
    c.mean((1,2))
    c@x.T
    c@v
    v@c.mT
    c.transpose(1,2)
    c.permute(2,0,1)
    x.sum()/7
    (x-pos).pow(2).mean()
    x@w.t()+v
    F.cross_entropy(x,y,reduction='sum')
    F.cross_entropy(x,y,reduction='none')
    F.cross_entropy(x,pos)
    F.cross_entropy(c,t.zeros(2,4).long())
    F.cross_entropy(x,y,label_smoothing=.1)
    F.mse_loss(x,pos,reduction='sum')
    F.huber_loss(x,pos)
    x.clamp(x,x)
    F.selu(x)
    F.batch_norm(x,t.zeros(4),t.ones(4))
    F.rms_norm(x,(4,))
    F.max_pool1d(c,2)
    F.avg_pool3d(c[None],1)
    F.interpolate(img,size=4,mode='bilinear')
    F.interpolate(img,size=4,mode='area')
    F.pixel_shuffle(t.rand(1,4,2,2,requires_grad=True),2)
    x.scatter_add(0,y[None],x)
    x.lerp(x,.5)
    x.addcmul(x,x)
    x.take(y)
    x.masked_select(x>0)
    x.median(1)[0]
    x.mode()[0]
    x.kthvalue(1)[0]
    F.kl_div(x,pos,reduction='batchmean')
    t.fft.rfft(x)
    t.complex(x,x)
    t.linalg.solve(w,w)
    nn.Linear(4,2)(c)
    nn.Linear(4,2,bias=False)(x)
    nn.Linear(64,64)(t.rand(128,64))
    F.cross_entropy(nn.Linear(64,64)(t.rand(128,64)),t.zeros(128).long())
    nn.LayerNorm(64)(t.rand(128,64))
    nn.BatchNorm2d(8)(t.rand(8,8,8,8))
    F.relu(t.rand(99,99,requires_grad=True))
    t.rand(99,99,requires_grad=True).softmax(1)
""".strip().splitlines()
]
# Two spellings that leave us the same node, where PyTorch has a node for each.
AMBIGUOUS = {
    "x.t()": "PermuteBackward0",
    "x.transpose(0,1)": "PermuteBackward0",
    "x.squeeze(0)": "SqueezeBackward0",  # there is nothing to squeeze
}
OTHERS = {
    "v.sum(0)": "SumBackward0",
    "v.view(4,1)": "UnsqueezeBackward0",
    "x.sum()/12": "MeanBackward0",
    "x.split([1,2])[0]": "SplitBackward0",
}


def made(t, expression: str):
    """The tensor that `expression` makes."""
    t.manual_seed(0)
    leaf = lambda *shape: t.rand(*shape, requires_grad=True)
    given = {"x": leaf(3, 4), "w": leaf(4, 4), "v": leaf(4), "c": leaf(2, 3, 4), "img": leaf(2, 3, 8, 8)}
    given |= {"y": t.tensor([0, 1, 2]), "pos": t.rand(3, 4), "t": t, "nn": t.nn, "F": t.nn.functional}
    return eval(expression, given)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("expression", [e for e in SAME if e not in AMBIGUOUS])
def test_the_name_is_pytorchs(expression):
    ours, theirs = made(tt, expression), made(torch, expression)
    assert ours.grad_fn.name() == theirs.grad_fn.name()
    assert f"grad_fn=<{theirs.grad_fn.name()}>" in repr(ours)


@pytest.mark.parametrize("expression, ours", (AMBIGUOUS | OTHERS).items())
def test_where_the_nodes_do_not_tell(expression, ours):
    assert made(tt, expression).grad_fn.name() == ours != made(torch, expression).grad_fn.name()


LOSSES = ["F.mse_loss(x,pos)", "F.cross_entropy(x,y)", "F.nll_loss(x,y)", "x.mean()", "nn.LayerNorm(4)(x).sum()"]
MORE = ["(x**2).sum()", "F.binary_cross_entropy(x,pos)", "x.max()", "x[x>0.5].sum()", "x.max(1)[0].mean()"]


@pytest.mark.parametrize("expression", LOSSES + MORE)
def test_a_backward_pass_does_not_change_it(expression):
    loss = made(tt, expression)
    before = loss.grad_fn.name()
    loss.backward()
    assert loss.grad_fn.name() == before == made(torch, expression).grad_fn.name()


AFTER = ["x*2", "x**2", "2**x", "1-x", "1/x", "x@w", "x@v", "x[0]", "x[y]", "x.mean(1)", "x.clamp(0,1)", "x.tril()"]


@pytest.mark.parametrize("expression", AFTER)
def test_nor_does_it_for_what_came_before(expression):
    result = made(tt, expression)
    result.sum().backward()
    assert result.grad_fn.name() == made(torch, expression).grad_fn.name()


def test_a_programs_own_function():
    for t in (tt, torch):

        class Twice(t.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, grad):
                return grad * 2

        y = Twice.apply(t.ones(2, requires_grad=True))
        assert y.grad_fn.name() == "TwiceBackward" and "grad_fn=<TwiceBackward>" in repr(y)


def test_a_node_is_shown_with_its_name():
    x = tt.ones(2, requires_grad=True)
    assert re.fullmatch("<MulBackward0 object at 0x[0-9a-f]+>", repr((x * 2).grad_fn))


def test_an_input_given_back_keeps_its_name():
    x = tt.ones(1, 4, 4, 4, requires_grad=True) * 2
    assert tt.nn.functional.interpolate(x, size=(4, 4)).grad_fn.name() == "UpsampleNearest2DBackward0"
    assert x.grad_fn.name() == "MulBackward0"
