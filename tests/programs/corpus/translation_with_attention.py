"""Sequence to sequence: encoder, Bahdanau's and Luong's attention, teacher forcing, batches sorted, packed and padded, greedy decoding."""

import random
import re
import unicodedata

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
SOS_token, EOS_token, MAX_LENGTH = 0, 1, 8
random.seed(3)
torch.manual_seed(3)


class Lang:
    def __init__(self, name):
        self.name = name
        self.word2index = {}
        self.index2word = {0: "SOS", 1: "EOS"}
        self.n_words = 2

    def addSentence(self, sentence):
        for word in sentence.split(" "):
            if word not in self.word2index:
                self.word2index[word] = self.n_words
                self.index2word[self.n_words] = word
                self.n_words += 1


def unicodeToAscii(s):
    return "".join(c for c in unicodedata.normalize("NFD", s) if unicodedata.category(c) != "Mn")


def normalizeString(s):
    s = unicodeToAscii(s.lower().strip())
    s = re.sub(r"([.!?])", r" \1", s)
    return re.sub(r"[^a-zA-Z!?]+", r" ", s).strip()


people = {"je": "i", "tu": "you", "il": "he"}
verbs = {"vois": "see", "aime": "like", "préfère": "prefer"}
things = {"le café": "the coffee", "l'été": "the summer", "la mer": "the sea", "un élève": "a pupil"}
pairs = [(normalizeString(f"{p} {v} {t}."), normalizeString(f"{people[p]} {verbs[v]} {things[t]}."))
         for p in people for v in verbs for t in things]
input_lang, output_lang = Lang("fra"), Lang("eng")
for fra, eng in pairs:
    input_lang.addSentence(fra)
    output_lang.addSentence(eng)
print(len(pairs), input_lang.name, input_lang.n_words, output_lang.name, output_lang.n_words, random.choice(pairs))


def indexesFromSentence(lang, sentence):
    return [lang.word2index[word] for word in sentence.split(" ")]


def tensorFromSentence(lang, sentence):
    indexes = indexesFromSentence(lang, sentence)
    indexes.append(EOS_token)
    return torch.tensor(indexes, dtype=torch.long, device=device).view(1, -1)


class EncoderRNN(nn.Module):
    def __init__(self, input_size, hidden_size, dropout_p=0.1):
        super(EncoderRNN, self).__init__()
        self.embedding = nn.Embedding(input_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size, batch_first=True)
        self.dropout = nn.Dropout(dropout_p)

    def forward(self, input):
        embedded = self.dropout(self.embedding(input))
        output, hidden = self.gru(embedded)
        return output, hidden


class BahdanauAttention(nn.Module):
    def __init__(self, hidden_size):
        super(BahdanauAttention, self).__init__()
        self.Wa = nn.Linear(hidden_size, hidden_size)
        self.Ua = nn.Linear(hidden_size, hidden_size)
        self.Va = nn.Linear(hidden_size, 1)

    def forward(self, query, keys):
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys)))
        scores = scores.squeeze(2).unsqueeze(1)
        weights = F.softmax(scores, dim=-1)
        context = torch.bmm(weights, keys)
        return context, weights


class AttnDecoderRNN(nn.Module):
    def __init__(self, hidden_size, output_size, dropout_p=0.1):
        super(AttnDecoderRNN, self).__init__()
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.attention = BahdanauAttention(hidden_size)
        self.gru = nn.GRU(2 * hidden_size, hidden_size, batch_first=True)
        self.out = nn.Linear(hidden_size, output_size)
        self.dropout = nn.Dropout(dropout_p)

    def forward(self, encoder_outputs, encoder_hidden, target_tensor=None):
        batch_size = encoder_outputs.size(0)
        decoder_input = torch.empty(batch_size, 1, dtype=torch.long, device=device).fill_(SOS_token)
        decoder_hidden = encoder_hidden
        decoder_outputs = []
        attentions = []
        for i in range(MAX_LENGTH):
            decoder_output, decoder_hidden, attn_weights = self.forward_step(decoder_input, decoder_hidden, encoder_outputs)
            decoder_outputs.append(decoder_output)
            attentions.append(attn_weights)
            if target_tensor is not None:
                decoder_input = target_tensor[:, i].unsqueeze(1)
            else:
                _, topi = decoder_output.topk(1)
                decoder_input = topi.squeeze(-1).detach()
        decoder_outputs = torch.cat(decoder_outputs, dim=1)
        decoder_outputs = F.log_softmax(decoder_outputs, dim=-1)
        attentions = torch.cat(attentions, dim=1)
        return decoder_outputs, decoder_hidden, attentions

    def forward_step(self, input, hidden, encoder_outputs):
        embedded = self.dropout(self.embedding(input))
        query = hidden.permute(1, 0, 2)
        context, attn_weights = self.attention(query, encoder_outputs)
        input_gru = torch.cat((embedded, context), dim=2)
        output, hidden = self.gru(input_gru, hidden)
        return self.out(output), hidden, attn_weights


n = len(pairs)
input_ids = torch.zeros((n, MAX_LENGTH), dtype=torch.int32).numpy()
target_ids = input_ids.copy()
for idx, (inp, tgt) in enumerate(pairs):
    inp_ids, tgt_ids = indexesFromSentence(input_lang, inp) + [EOS_token], indexesFromSentence(output_lang, tgt) + [EOS_token]
    input_ids[idx, : len(inp_ids)] = inp_ids
    target_ids[idx, : len(tgt_ids)] = tgt_ids
train_data = TensorDataset(torch.LongTensor(input_ids).to(device), torch.LongTensor(target_ids).to(device))
train_dataloader = DataLoader(train_data, sampler=RandomSampler(train_data), batch_size=12)
encoder = EncoderRNN(input_lang.n_words, 24).to(device)
decoder = AttnDecoderRNN(24, output_lang.n_words).to(device)
encoder_optimizer = optim.Adam(encoder.parameters(), lr=0.02)
decoder_optimizer = optim.Adam(decoder.parameters(), lr=0.02)
criterion = nn.NLLLoss()
for epoch in range(1, 13):
    total_loss = 0
    for data in train_dataloader:
        input_tensor, target_tensor = data
        encoder_optimizer.zero_grad()
        decoder_optimizer.zero_grad()
        encoder_outputs, encoder_hidden = encoder(input_tensor)
        decoder_outputs, _, _ = decoder(encoder_outputs, encoder_hidden, target_tensor)
        loss = criterion(decoder_outputs.view(-1, decoder_outputs.size(-1)), target_tensor.view(-1))
        loss.backward()
        encoder_optimizer.step()
        decoder_optimizer.step()
        total_loss += loss.item()
    if epoch % 3 == 0:
        print("(%d %d%%) %.4f" % (epoch, epoch / 12 * 100, total_loss / len(train_dataloader)))
encoder.eval()
decoder.eval()
for pair in (pairs[0], pairs[17]):
    with torch.no_grad():
        encoder_outputs, encoder_hidden = encoder(tensorFromSentence(input_lang, pair[0]))
        decoder_outputs, decoder_hidden, decoder_attn = decoder(encoder_outputs, encoder_hidden)
        _, topi = decoder_outputs.topk(1)
        decoded_words = []
        for idx in topi.squeeze():
            if idx.item() == EOS_token:
                decoded_words.append("<EOS>")
                break
            decoded_words.append(output_lang.index2word[idx.item()])
    print(">", pair[0], "=", pair[1], "<", " ".join(decoded_words), tuple(decoder_attn.shape), decoder_attn.sum(2).mean().item())

# Luong's attention on a batch that is sorted by length, packed and unpacked; masked loss; teacher forcing by chance.
PAD = 0


class LuongAttn(nn.Module):
    def __init__(self, method, hidden_size):
        super().__init__()
        self.method = method
        if self.method not in ["dot", "general", "concat"]:
            raise ValueError(self.method, "is not an appropriate attention method.")
        if self.method == "general":
            self.attn = nn.Linear(hidden_size, hidden_size)
        elif self.method == "concat":
            self.attn = nn.Linear(hidden_size * 2, hidden_size)
            self.v = nn.Parameter(torch.FloatTensor(hidden_size).uniform_(-0.1, 0.1))

    def dot_score(self, hidden, encoder_output):
        return torch.sum(hidden * encoder_output, dim=2)

    def general_score(self, hidden, encoder_output):
        return torch.sum(hidden * self.attn(encoder_output), dim=2)

    def concat_score(self, hidden, encoder_output):
        energy = self.attn(torch.cat((hidden.expand(encoder_output.size(0), -1, -1), encoder_output), 2)).tanh()
        return torch.sum(self.v * energy, dim=2)

    def forward(self, hidden, encoder_outputs):
        attn_energies = getattr(self, self.method + "_score")(hidden, encoder_outputs)
        return F.softmax(attn_energies.t(), dim=1).unsqueeze(1)


def maskNLLLoss(inp, target, mask):
    nTotal = mask.sum()
    crossEntropy = -torch.log(torch.gather(inp, 1, target.view(-1, 1)).squeeze(1))
    loss = crossEntropy.masked_select(mask).mean()
    return loss.to(device), nTotal.item()


batch = [torch.randint(1, 9, (length,)) for length in (3, 6, 2, 5)]
batch.sort(key=len, reverse=True)
lengths = torch.tensor([len(b) for b in batch])
source = pad_sequence(batch, padding_value=PAD)
mask = source.ne(PAD)
print(source.shape, lengths.tolist(), mask.sum(0).tolist())
embedding = nn.Embedding(9, 12, padding_idx=PAD)
for method in ("dot", "general", "concat"):
    bigru = nn.GRU(12, 12, 2, dropout=0.1, bidirectional=True)
    cell = nn.GRU(12, 12, 2)
    attention = LuongAttn(method, 12)
    concat, out = nn.Linear(24, 12), nn.Linear(12, 9)
    modules = nn.ModuleList([embedding, bigru, cell, attention, concat, out])
    optimizer = optim.SGD(modules.parameters(), lr=0.1, momentum=0.5)
    for iteration in range(12):
        optimizer.zero_grad()
        packed = pack_padded_sequence(embedding(source), lengths)
        outputs, hidden = bigru(packed)
        outputs, out_lengths = pad_packed_sequence(outputs)
        outputs = outputs[:, :, :12] + outputs[:, :, 12:]
        decoder_input = torch.LongTensor([[1 for _ in range(4)]])
        decoder_hidden = hidden[:2]
        use_teacher_forcing = True if random.random() < 0.7 else False
        loss, print_losses, n_totals = 0, [], 0
        for t in range(int(lengths.max())):
            rnn_output, decoder_hidden = cell(embedding(decoder_input), decoder_hidden)
            context = attention(rnn_output, outputs).bmm(outputs.transpose(0, 1))
            concat_output = torch.tanh(concat(torch.cat((rnn_output.squeeze(0), context.squeeze(1)), 1)))
            output = F.softmax(out(concat_output), dim=1)
            if use_teacher_forcing:
                decoder_input = source[t].view(1, -1)
            else:
                _, topi = output.topk(1)
                decoder_input = torch.LongTensor([[topi[i][0] for i in range(4)]])
            mask_loss, nTotal = maskNLLLoss(output, source[t], mask[t])
            loss += mask_loss
            print_losses.append(mask_loss.item() * nTotal)
            n_totals += nTotal
        loss.backward()
        nn.utils.clip_grad_norm_(modules.parameters(), 5.0)
        optimizer.step()
    print(method, "%.4f" % (sum(print_losses) / n_totals), embedding.weight.grad[PAD].abs().sum().item(), out_lengths.tolist())
