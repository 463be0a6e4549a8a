"""A small BERT: tokens masked at random (80/10/10), segments, a padding mask, two heads and losses, warm-up, accuracy of the masked words."""

import math
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset

SEED = 2023
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)
torch.backends.cudnn.deterministic = True
sentences = [
    "the cat chases the mouse", "the dog chases the cat", "a bird sings in the tree", "the mouse hides in the wall",
    "a dog sleeps in the house", "the cat sleeps in the tree", "a child reads in the house", "the bird eats the worm",
]
special = ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]"]
vocab = special + sorted(set(" ".join(sentences).split()))
word2id = {w: i for i, w in enumerate(vocab)}
PAD, CLS, SEP, MASK, UNK = (word2id[w] for w in special)
MAX_LEN = 16


class PairsDataset(Dataset):
    def __init__(self, sentences, size=64):
        self.sentences, self.size = sentences, size

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        i = index % len(self.sentences)
        is_next = random.random() < 0.5
        j = (i + 1) % len(self.sentences) if is_next else random.choice([k for k in range(8) if k != (i + 1) % 8])
        first, first_label = self.random_word(self.sentences[i])
        second, second_label = self.random_word(self.sentences[j])
        ids = [CLS] + first + [SEP] + second + [SEP]
        label = [PAD] + first_label + [PAD] + second_label + [PAD]
        segment = [1] * (len(first) + 2) + [2] * (len(second) + 1)
        padding = [PAD] * (MAX_LEN - len(ids))
        output = {"input": ids + padding, "label": label + padding, "segment": segment + padding, "is_next": int(is_next)}
        return {key: torch.tensor(value) for key, value in output.items()}

    def random_word(self, sentence):
        tokens, labels = sentence.split(), []
        for i, token in enumerate(tokens):
            prob = random.random()
            if prob < 0.3:
                prob /= 0.3
                if prob < 0.8:
                    tokens[i] = MASK
                elif prob < 0.9:
                    tokens[i] = random.randrange(len(vocab))
                else:
                    tokens[i] = word2id.get(token, UNK)
                labels.append(word2id.get(token, UNK))
            else:
                tokens[i] = word2id.get(token, UNK)
                labels.append(0)
        return tokens, labels


class GELU(nn.Module):
    def forward(self, x):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * torch.pow(x, 3))))


class PositionalEmbedding(nn.Module):
    def __init__(self, d_model, max_len=32):
        super().__init__()
        pe = torch.zeros(max_len, d_model).float()
        pe.requires_grad = False
        position = torch.arange(0, max_len).float().unsqueeze(1)
        div_term = (torch.arange(0, d_model, 2).float() * -(math.log(10000.0) / d_model)).exp()
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe.unsqueeze(0))

    def forward(self, x):
        return self.pe[:, : x.size(1)]


class Attention(nn.Module):
    def forward(self, query, key, value, mask=None, dropout=None):
        scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(query.size(-1))
        if mask is not None:
            scores = scores.masked_fill(mask == 0, -1e9)
        p_attn = F.softmax(scores, dim=-1)
        if dropout is not None:
            p_attn = dropout(p_attn)
        return torch.matmul(p_attn, value), p_attn


class MultiHeadedAttention(nn.Module):
    def __init__(self, h, d_model, dropout=0.1):
        super().__init__()
        assert d_model % h == 0
        self.d_k, self.h = d_model // h, h
        self.linear_layers = nn.ModuleList([nn.Linear(d_model, d_model) for _ in range(3)])
        self.output_linear = nn.Linear(d_model, d_model)
        self.attention = Attention()
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, query, key, value, mask=None):
        batch_size = query.size(0)
        query, key, value = [l(x).view(batch_size, -1, self.h, self.d_k).transpose(1, 2)
                             for l, x in zip(self.linear_layers, (query, key, value))]
        x, attn = self.attention(query, key, value, mask=mask, dropout=self.dropout)
        x = x.transpose(1, 2).contiguous().view(batch_size, -1, self.h * self.d_k)
        return self.output_linear(x)


class SublayerConnection(nn.Module):
    def __init__(self, size, dropout):
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, sublayer):
        return x + self.dropout(sublayer(self.norm(x)))


class TransformerBlock(nn.Module):
    def __init__(self, hidden, attn_heads, feed_forward_hidden, dropout):
        super().__init__()
        self.attention = MultiHeadedAttention(h=attn_heads, d_model=hidden)
        self.feed_forward = nn.Sequential(nn.Linear(hidden, feed_forward_hidden), GELU(), nn.Dropout(dropout),
                                          nn.Linear(feed_forward_hidden, hidden))
        self.input_sublayer = SublayerConnection(size=hidden, dropout=dropout)
        self.output_sublayer = SublayerConnection(size=hidden, dropout=dropout)
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, x, mask):
        x = self.input_sublayer(x, lambda _x: self.attention.forward(_x, _x, _x, mask=mask))
        x = self.output_sublayer(x, self.feed_forward)
        return self.dropout(x)


class BERT(nn.Module):
    def __init__(self, vocab_size, hidden=32, n_layers=2, attn_heads=4, dropout=0.1):
        super().__init__()
        self.token = nn.Embedding(vocab_size, hidden, padding_idx=0)
        self.position = PositionalEmbedding(d_model=hidden)
        self.segment = nn.Embedding(3, hidden, padding_idx=0)
        self.dropout = nn.Dropout(p=dropout)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(hidden, attn_heads, hidden * 4, dropout) for _ in range(n_layers)])

    def forward(self, x, segment_info):
        mask = (x > 0).unsqueeze(1).repeat(1, x.size(1), 1).unsqueeze(1)
        x = self.dropout(self.token(x) + self.position(x) + self.segment(segment_info))
        for transformer in self.transformer_blocks:
            x = transformer.forward(x, mask)
        return x


class BERTLM(nn.Module):
    def __init__(self, bert, vocab_size):
        super().__init__()
        self.bert = bert
        self.next_sentence = nn.Sequential(nn.Linear(32, 2), nn.LogSoftmax(dim=-1))
        self.mask_lm = nn.Sequential(nn.Linear(32, vocab_size), nn.LogSoftmax(dim=-1))

    def forward(self, x, segment_label):
        x = self.bert(x, segment_label)
        return self.next_sentence(x[:, 0]), self.mask_lm(x)


model = BERTLM(BERT(len(vocab)), len(vocab))
print("Total Parameters:", sum([p.nelement() for p in model.parameters()]))
optim = Adam(model.parameters(), lr=4e-3, betas=(0.9, 0.999), weight_decay=0.01)
schedule = LambdaLR(optim, lambda step: min((step + 1) ** -0.5, (step + 1) * 4**-1.5))
criterion = nn.NLLLoss(ignore_index=0)
next_criterion = nn.NLLLoss()
loader = DataLoader(PairsDataset(sentences), batch_size=16, shuffle=True)
for epoch in range(4):
    avg_loss, total_correct, total_element, masked_right, masked = 0.0, 0, 0, 0, 0
    model.train()
    for i, data in enumerate(loader):
        data = {key: value.to("cpu") for key, value in data.items()}
        next_sent_output, mask_lm_output = model.forward(data["input"], data["segment"])
        next_loss = next_criterion(next_sent_output, data["is_next"])
        mask_loss = criterion(mask_lm_output.transpose(1, 2), data["label"])
        loss = next_loss + mask_loss
        optim.zero_grad()
        loss.backward()
        optim.step()
        schedule.step()
        correct = next_sent_output.argmax(dim=-1).eq(data["is_next"]).sum().item()
        avg_loss += loss.item()
        total_correct += correct
        total_element += data["is_next"].nelement()
        where = data["label"] != 0
        masked_right += (mask_lm_output.argmax(-1)[where] == data["label"][where]).sum().item()
        masked += where.sum().item()
    print("EP%d, avg_loss= %.4f total_acc= %.2f masked %d/%d lr %.6f" % (
        epoch, avg_loss / len(loader), total_correct * 100.0 / total_element, masked_right, masked, schedule.get_last_lr()[0]))
model.eval()
with torch.inference_mode():
    ids = torch.tensor([[CLS] + [word2id.get(w, MASK) for w in "the cat [MASK] the mouse".split()] + [SEP]])
    _, words = model(ids, torch.ones_like(ids))
    at = (ids == MASK).nonzero(as_tuple=True)
    values, best = words[at].exp().topk(3, dim=-1)
print([vocab[i] for i in best.squeeze(0)], [round(v, 3) for v in values.flatten().tolist()], words.requires_grad)
