"""Word vectors: skip-gram with negative sampling, subsampling, CBOW, a bag of embeddings with offsets that classifies news, nearest words."""

import random
from collections import Counter, defaultdict

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torch.utils.data.dataset import random_split

random.seed(0)
np.random.seed(0)
torch.manual_seed(0)
templates = ["the {a} eats the {f} in the {p}", "a {a} likes {f}", "in the {p} lives a {a}", "the {f} falls in the {p}"]
animals, foods, places = "cat dog fox mouse".split(), "fish bone berry cheese".split(), "house wood field".split()
corpus = [random.choice(templates).format(a=random.choice(animals), f=random.choice(foods), p=random.choice(places)).split()
          for _ in range(150)]
freqs = Counter(w for s in corpus for w in s)
vocab = sorted(freqs, key=freqs.get, reverse=True)
word2idx = {w: i for i, w in enumerate(vocab)}
total = sum(freqs.values())
print(len(vocab), total, freqs.most_common(3))
p_drop = {word: 1 - np.sqrt(2e-2 / (count / total)) for word, count in freqs.items()}
train_words = [[word2idx[w] for w in s if random.random() < (1 - p_drop[w])] for s in corpus]
word_freqs = np.array([freqs[w] / total for w in vocab])
noise_dist = torch.from_numpy(word_freqs**0.75 / np.sum(word_freqs**0.75))


def get_target(words, idx, window_size=3):
    R = np.random.randint(1, window_size + 1)
    start = idx - R if (idx - R) > 0 else 0
    stop = idx + R
    return words[start:idx] + words[idx + 1 : stop + 1]


def get_batches(batch_size):
    x, y = [], []
    for words in train_words:
        for i in range(len(words)):
            batch_y = get_target(words, i)
            x.extend([words[i]] * len(batch_y))
            y.extend(batch_y)
            if len(x) >= batch_size:
                yield x[:batch_size], y[:batch_size]
                x, y = x[batch_size:], y[batch_size:]


class SkipGramNeg(nn.Module):
    def __init__(self, n_vocab, n_embed, noise_dist=None):
        super().__init__()
        self.n_vocab, self.n_embed, self.noise_dist = n_vocab, n_embed, noise_dist
        self.in_embed = nn.Embedding(n_vocab, n_embed)
        self.out_embed = nn.Embedding(n_vocab, n_embed)
        self.in_embed.weight.data.uniform_(-1, 1)
        self.out_embed.weight.data.uniform_(-1, 1)

    def forward_input(self, input_words):
        return self.in_embed(input_words)

    def forward_output(self, output_words):
        return self.out_embed(output_words)

    def forward_noise(self, batch_size, n_samples):
        noise_dist = torch.ones(self.n_vocab) if self.noise_dist is None else self.noise_dist
        noise_words = torch.multinomial(noise_dist, batch_size * n_samples, replacement=True)
        return self.out_embed(noise_words).view(batch_size, n_samples, self.n_embed)


class NegativeSamplingLoss(nn.Module):
    def forward(self, input_vectors, output_vectors, noise_vectors):
        batch_size, embed_size = input_vectors.shape
        input_vectors = input_vectors.view(batch_size, embed_size, 1)
        output_vectors = output_vectors.view(batch_size, 1, embed_size)
        out_loss = torch.bmm(output_vectors, input_vectors).sigmoid().log().squeeze()
        noise_loss = torch.bmm(noise_vectors.neg(), input_vectors).sigmoid().log()
        noise_loss = noise_loss.squeeze().sum(1)
        return -(out_loss + noise_loss).mean()


def cosine_similarity(embedding, valid_size=3):
    embed_vectors = embedding.weight
    magnitudes = embed_vectors.pow(2).sum(dim=1).sqrt().unsqueeze(0)
    valid_examples = torch.LongTensor([word2idx[w] for w in ("cat", "fish", "house")[:valid_size]])
    valid_vectors = embedding(valid_examples)
    return valid_examples, torch.mm(valid_vectors, embed_vectors.t()) / magnitudes


model = SkipGramNeg(len(vocab), 12, noise_dist=noise_dist)
criterion = NegativeSamplingLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
steps = 0
for e in range(3):
    for input_words, target_words in get_batches(64):
        steps += 1
        inputs, targets = torch.LongTensor(input_words), torch.LongTensor(target_words)
        loss = criterion(model.forward_input(inputs), model.forward_output(targets), model.forward_noise(inputs.shape[0], 4))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if steps % 10 == 0:
            valid_examples, valid_similarities = cosine_similarity(model.in_embed)
            _, closest_idxs = valid_similarities.topk(4)
            print("Epoch: {}/3 Loss: {:.4f}".format(e + 1, loss.item()),
                  [vocab[i.item()] + ": " + ", ".join(vocab[idx.item()] for idx in closest_idxs[ii][1:]) for ii, i in enumerate(valid_examples)])


class CBOW(torch.nn.Module):
    def __init__(self, vocab_size, embedding_dim, context_size):
        super(CBOW, self).__init__()
        self.embeddings = nn.Embedding(vocab_size, embedding_dim, max_norm=2.0)
        self.linear1 = nn.Linear(embedding_dim * context_size, 16)
        self.linear2 = nn.Linear(16, vocab_size)

    def forward(self, inputs):
        embeds = self.embeddings(inputs).view((1, -1))
        return F.log_softmax(self.linear2(F.relu(self.linear1(embeds))), dim=1)


raw = "we are about to study the idea of a process processes are abstract beings that live in computers".split()
ix = {word: i for i, word in enumerate(dict.fromkeys(raw))}
contexts = [([raw[i - 2], raw[i - 1], raw[i + 1], raw[i + 2]], raw[i]) for i in range(2, len(raw) - 2)]
model, losses = CBOW(len(ix), 8, 4), []
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for epoch in range(6):
    total_loss = torch.Tensor([0])
    for context, target in contexts:
        model.zero_grad()
        log_probs = model(torch.tensor([ix[w] for w in context], dtype=torch.long))
        loss = nn.NLLLoss()(log_probs, torch.tensor([ix[target]], dtype=torch.long))
        loss.backward()
        optimizer.step()
        total_loss += loss.item()
    losses.append(total_loss.item())
print([round(x, 3) for x in losses], model.embeddings.weight.norm(dim=1).max().item() <= 2.5)

# news: what is it about?
samples = [(random.randrange(2), None) for _ in range(120)]
samples = [(label + 1, " ".join(random.choices(animals if label else foods, k=2) + random.choices(places + ["the"], k=random.randint(1, 4))))
           for label, _ in samples]
text_pipeline = lambda x: [word2idx[token] for token in x.split()]
label_pipeline = lambda x: int(x) - 1


def collate_batch(batch):
    label_list, text_list, offsets = [], [], [0]
    for _label, _text in batch:
        label_list.append(label_pipeline(_label))
        processed_text = torch.tensor(text_pipeline(_text), dtype=torch.int64)
        text_list.append(processed_text)
        offsets.append(processed_text.size(0))
    label_list = torch.tensor(label_list, dtype=torch.int64)
    offsets = torch.tensor(offsets[:-1]).cumsum(dim=0)
    text_list = torch.cat(text_list)
    return label_list, text_list, offsets


class TextClassificationModel(nn.Module):
    def __init__(self, vocab_size, embed_dim, num_class, mode):
        super(TextClassificationModel, self).__init__()
        self.embedding = nn.EmbeddingBag(vocab_size, embed_dim, mode=mode, sparse=False)
        self.fc = nn.Linear(embed_dim, num_class)
        self.init_weights()

    def init_weights(self):
        initrange = 0.5
        self.embedding.weight.data.uniform_(-initrange, initrange)
        self.fc.weight.data.uniform_(-initrange, initrange)
        self.fc.bias.data.zero_()

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


num_train = int(len(samples) * 0.9)
for mode in ("mean", "sum", "max"):
    split_train_, split_valid_ = random_split(samples, [num_train, len(samples) - num_train])
    train_dataloader = DataLoader(split_train_, batch_size=8, shuffle=True, collate_fn=collate_batch)
    valid_dataloader = DataLoader(split_valid_, batch_size=8, shuffle=True, collate_fn=collate_batch)
    model = TextClassificationModel(len(vocab), 8, 2, mode)
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1.0, gamma=0.5)
    for epoch in range(1, 3):
        model.train()
        total_acc, total_count = 0, 0
        for idx, (label, text, offsets) in enumerate(train_dataloader):
            optimizer.zero_grad()
            predicted_label = model(text, offsets)
            loss = criterion(predicted_label, label)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            optimizer.step()
            total_acc += (predicted_label.argmax(1) == label).sum().item()
            total_count += label.size(0)
        scheduler.step()
        model.eval()
        with torch.no_grad():
            right = sum((model(text, offsets).argmax(1) == label).sum().item() for label, text, offsets in valid_dataloader)
        print("| {} | epoch {:3d} | accuracy {:8.3f} | valid {} | loss {:.4f}".format(mode, epoch, total_acc / total_count, right, loss.item()))
bag = F.embedding_bag(torch.tensor([1, 2, 4, 5, 4, 3]), torch.arange(12.0).view(6, 2), torch.tensor([0, 2, 2]), mode="sum",
                      per_sample_weights=torch.linspace(0, 1, 6))
print(bag, nn.EmbeddingBag.from_pretrained(torch.eye(3), mode="mean")(torch.tensor([[0, 1], [2, 2]])))
by_letter = defaultdict(list)
for w in vocab:
    by_letter[w[0]].append(w)
print(sorted((k, len(v)) for k, v in by_letter.items())[:4])
