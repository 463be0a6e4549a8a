"""Models of transformers: published configurations and their parameters, and small ones with inputs.

Each small case gives (model, the arguments of its call); numbers come from `rng`, so that both frameworks get the same.
"""

import torch
import transformers as T


def of(kind, **options):
    """How to build the model of class `kind` from its configuration, the published one but for `options`."""
    return lambda: kind(kind.config_class(**options))


def detr_r50():
    """The scales and shifts of its frozen batch normalization are buffers, and do not count."""
    stages = T.ResNetConfig(out_features=["stage4"])
    options = {"use_timm_backbone": False, "backbone": None, "backbone_config": stages, "num_labels": 91}
    return T.DetrForObjectDetection(T.DetrConfig(**options))


def llava_7b():
    return T.LlavaForConditionalGeneration(T.LlavaConfig(text_config=T.LlamaConfig(vocab_size=32064)))


ROBERTA = {"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1}
BART_BASE = {
    "d_model": 768, "encoder_layers": 6, "decoder_layers": 6, "encoder_attention_heads": 12, "decoder_attention_heads": 12,
    "encoder_ffn_dim": 3072, "decoder_ffn_dim": 3072,
}  # fmt: skip
WHISPER_TINY = {
    "d_model": 384, "encoder_layers": 4, "decoder_layers": 4, "encoder_attention_heads": 6, "decoder_attention_heads": 6,
    "encoder_ffn_dim": 1536, "decoder_ffn_dim": 1536,
}  # fmt: skip
WHISPER_BASE = WHISPER_TINY | {
    "d_model": 512, "encoder_layers": 6, "decoder_layers": 6, "encoder_attention_heads": 8, "decoder_attention_heads": 8,
    "encoder_ffn_dim": 2048, "decoder_ffn_dim": 2048,
}  # fmt: skip
# name -> (how to build it, its parameters)
PUBLISHED = {
    "BERT base": (of(T.BertModel), 109_482_240),
    "RoBERTa base": (of(T.RobertaModel, **ROBERTA), 124_645_632),
    "RoBERTa base, masked": (of(T.RobertaForMaskedLM, **ROBERTA), 124_697_433),
    "GPT-2 small": (of(T.GPT2LMHeadModel), 124_439_808),
    "BART base": (of(T.BartModel, **BART_BASE), 139_420_416),
    "BART large": (of(T.BartModel), 406_291_456),
    "T5 small": (of(T.T5ForConditionalGeneration), 60_506_624),
    "wav2vec2 base": (of(T.Wav2Vec2Model), 94_371_712),
    "wav2vec2 base, CTC": (of(T.Wav2Vec2ForCTC), 94_396_320),
    "wav2vec2 base, pre-training": (of(T.Wav2Vec2ForPreTraining), 95_044_608),
    "HuBERT base": (of(T.HubertModel), 94_371_712),
    "WavLM base": (of(T.WavLMModel), 94_381_936),
    "Whisper tiny": (of(T.WhisperForConditionalGeneration, **WHISPER_TINY), 37_760_640),
    "Whisper base": (of(T.WhisperForConditionalGeneration, **WHISPER_BASE), 72_593_920),
    "CLIP ViT-B/32": (of(T.CLIPModel), 151_277_313),
    "ALIGN base": (of(T.AlignModel), 172_117_841),
    "BLIP base, captions": (of(T.BlipForConditionalGeneration), 223_971_644),
    "ViT-B/16": (of(T.ViTForImageClassification, num_labels=1000), 86_567_656),
    "Swin-T": (of(T.SwinForImageClassification, num_labels=1000), 28_288_354),
    "ConvNeXt-T": (of(T.ConvNextForImageClassification, num_labels=1000), 28_589_128),
    "ResNet-50": (of(T.ResNetForImageClassification, num_labels=1000), 25_557_032),
    "LLaVA 1.5 7B": (llava_7b, 7_063_427_072),
    "DETR R50": (detr_r50, 41_524_768),
}


def frames():
    """What wav2vec2's convolutions leave of a second of sound."""
    sound, shapes = torch.empty(1, 1, 16000), []
    for layer in T.Wav2Vec2Model(T.Wav2Vec2Config()).feature_extractor.conv_layers:
        sound = layer(sound)
        shapes.append(sound.shape)
    return shapes


def clip_sides():
    model = T.CLIPModel(T.CLIPConfig())
    image = model.vision_model(torch.empty(1, 3, 224, 224)).pooler_output
    text = model.text_model(torch.zeros(1, 77, dtype=torch.long)).pooler_output
    return [image.shape, model.visual_projection(image).shape, text.shape, model.text_projection(text).shape]


def whisper_sides():
    model = T.WhisperModel(T.WhisperConfig(**WHISPER_TINY))
    heard = model.encoder(torch.empty(1, 80, 3000)).last_hidden_state
    return [heard.shape, model.decoder.embed_positions.weight.shape]


# name -> (what gives shapes, the published ones)
SHAPES = {
    "wav2vec2 base": (frames, [[1, 512, n] for n in (3199, 1599, 799, 399, 199, 99, 49)]),
    "CLIP ViT-B/32": (clip_sides, [[1, 768], [1, 512], [1, 512], [1, 512]]),
    "Whisper tiny": (whisper_sides, [[1, 1500, 384], [448, 384]]),
}

TEXT = {
    "vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 37,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
IMAGE = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 37, "image_size": 32,
    "patch_size": 8,
}  # fmt: skip
SPEECH = TEXT | {"conv_dim": (16,) * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
BOTH_SIDES = {
    "vocab_size": 99, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 37, "decoder_ffn_dim": 37, "pad_token_id": 0, "bos_token_id": 1,
    "eos_token_id": 2, "decoder_start_token_id": 3,
}  # fmt: skip


def words(rng, *shape, most=96):
    return torch.from_numpy(rng.integers(4, most, shape or (2, 10)))


def mask(*lengths):
    """Which words count: `lengths` of them in each row."""
    return torch.tensor([[1] * n + [0] * (max(lengths) - n) for n in lengths])


def numbers(rng, *shape):
    return torch.from_numpy(rng.standard_normal(shape).astype("float32"))


def pictures(rng, size=32):
    return numbers(rng, 2, 3, size, size)


def bert(rng):
    return T.BertForMaskedLM(T.BertConfig(**TEXT)), {
        "input_ids": words(rng), "labels": words(rng), "attention_mask": mask(10, 7),
        "token_type_ids": torch.tensor([[0] * 4 + [1] * 6] * 2),
    }  # fmt: skip


def bert_to_classify(rng):
    ids = words(rng)
    return T.BertForSequenceClassification(T.BertConfig(**TEXT, num_labels=3)), {
        "input_ids": ids, "attention_mask": mask(10, 7), "labels": torch.tensor([2, 0]),
    }  # fmt: skip


def roberta(rng):
    config = T.RobertaConfig(**TEXT | {"pad_token_id": 1}, max_position_embeddings=20, type_vocab_size=1)
    return T.RobertaForMaskedLM(config), {"input_ids": words(rng), "labels": words(rng), "attention_mask": mask(10, 7)}


def gpt2(rng):
    config = T.GPT2Config(vocab_size=99, n_embd=32, n_layer=2, n_head=4, n_positions=32, bos_token_id=1, eos_token_id=2)
    ids = words(rng)
    return T.GPT2LMHeadModel(config), {"input_ids": ids, "labels": ids, "attention_mask": mask(10, 7)}


def llama(rng):
    ids = words(rng)
    config = T.LlamaConfig(**TEXT, num_key_value_heads=2)
    return T.LlamaForCausalLM(config), {"input_ids": ids, "labels": ids}


def bart(rng):
    config = T.BartConfig(**BOTH_SIDES, max_position_embeddings=32)
    return T.BartForConditionalGeneration(config), {
        "input_ids": words(rng), "attention_mask": mask(10, 7), "labels": words(rng, 2, 6),
    }  # fmt: skip


def t5(rng):
    config = T.T5Config(vocab_size=99, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4, decoder_start_token_id=0)
    return T.T5ForConditionalGeneration(config), {
        "input_ids": words(rng), "attention_mask": mask(10, 7), "labels": words(rng, 2, 6),
    }  # fmt: skip


def wav2vec2(rng):
    return T.Wav2Vec2Model(T.Wav2Vec2Config(**SPEECH)), {"input_values": numbers(rng, 2, 2000)}


def wav2vec2_ctc(rng):
    config = T.Wav2Vec2Config(**SPEECH, ctc_loss_reduction="mean", ctc_zero_infinity=True)
    return T.Wav2Vec2ForCTC(config), {
        "input_values": numbers(rng, 2, 4000), "labels": torch.tensor([[5, 6, 6], [7, 8, -100]]),
        "attention_mask": mask(4000, 3000),
    }  # fmt: skip


def hubert(rng):
    return T.HubertModel(T.HubertConfig(**SPEECH)), {"input_values": numbers(rng, 2, 2000)}


def wavlm(rng):
    config = T.WavLMConfig(**SPEECH, num_buckets=8, max_bucket_distance=20)
    return T.WavLMModel(config), {"input_values": numbers(rng, 2, 2000), "attention_mask": mask(2000, 1500)}


def whisper(rng):
    config = T.WhisperConfig(**BOTH_SIDES, max_source_positions=30, max_target_positions=20, num_mel_bins=8)
    features = numbers(rng, 2, 8, 60)
    return T.WhisperForConditionalGeneration(config), {"input_features": features, "labels": words(rng, 2, 6)}


def clip(rng):
    config = T.CLIPConfig(text_config=TEXT | {"eos_token_id": 97}, vision_config=IMAGE, projection_dim=16)
    ids = torch.cat([words(rng), torch.full((2, 1), 97)], 1)
    return T.CLIPModel(config), {
        "input_ids": ids, "pixel_values": pictures(rng), "attention_mask": mask(11, 9), "return_loss": True,
    }  # fmt: skip


def align(rng):
    vision = {
        "image_size": 32, "kernel_sizes": [3, 5], "in_channels": [32, 16], "out_channels": [16, 24], "strides": [1, 2],
        "num_block_repeats": [1, 2], "expand_ratios": [1, 6], "depthwise_padding": [], "hidden_dim": 24,
        "width_coefficient": 1.0, "depth_coefficient": 1.0, "num_channels": 3,
    }  # fmt: skip
    config = T.AlignConfig(text_config=TEXT, vision_config=vision, projection_dim=24)
    return T.AlignModel(config), {
        "input_ids": words(rng), "pixel_values": pictures(rng), "attention_mask": mask(10, 7), "return_loss": True,
    }  # fmt: skip


def blip(rng):
    text = TEXT | {"encoder_hidden_size": 32, "sep_token_id": 2, "max_position_embeddings": 32}
    config = T.BlipConfig(text_config=text, vision_config=IMAGE, projection_dim=16)
    ids = words(rng)
    return T.BlipForConditionalGeneration(config), {
        "input_ids": ids, "pixel_values": pictures(rng), "labels": ids, "attention_mask": mask(10, 7),
    }  # fmt: skip


def llava(rng):
    config = T.LlavaConfig(
        vision_config=T.CLIPVisionConfig(**IMAGE), text_config=T.LlamaConfig(**TEXT), image_token_index=98,
        image_seq_length=16, vision_feature_layer=-2,
    )  # fmt: skip
    ids = torch.cat([torch.full((2, 16), 98), words(rng)], 1)
    return T.LlavaForConditionalGeneration(config), {
        "input_ids": ids, "pixel_values": pictures(rng), "labels": torch.where(ids == 98, -100, ids),
    }  # fmt: skip


def vit(rng):
    return T.ViTForImageClassification(T.ViTConfig(**IMAGE)), {
        "pixel_values": pictures(rng),
        "labels": torch.tensor([0, 1]),
    }


def swin(rng):
    config = T.SwinConfig(image_size=32, patch_size=4, embed_dim=16, depths=[2, 1], num_heads=[2, 4], window_size=4)
    return T.SwinForImageClassification(config), {"pixel_values": pictures(rng), "labels": torch.tensor([0, 1])}


def convnext(rng):
    config = T.ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2)
    return T.ConvNextForImageClassification(config), {"pixel_values": pictures(rng), "labels": torch.tensor([0, 1])}


def resnet(rng):
    config = T.ResNetConfig(embedding_size=8, hidden_sizes=[16, 32], depths=[1, 2])
    return T.ResNetForImageClassification(config), {"pixel_values": pictures(rng), "labels": torch.tensor([0, 1])}


def detr(rng):
    backbone = T.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 16, 32], depths=[1, 1, 1, 1], out_features=["stage4"]
    )
    config = T.DetrConfig(
        d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
        encoder_ffn_dim=37, decoder_ffn_dim=37, num_queries=5, num_labels=7, backbone_config=backbone,
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, auxiliary_loss=True,
    )  # fmt: skip
    boxes = [[[0.4, 0.5, 0.2, 0.3], [0.6, 0.3, 0.3, 0.2]], [[0.5, 0.5, 0.8, 0.9]]]
    labels = [{"class_labels": torch.tensor(kinds), "boxes": torch.tensor(b)} for kinds, b in zip(([1, 2], [6]), boxes)]
    return T.DetrForObjectDetection(config), {"pixel_values": pictures(rng, 64), "labels": labels}


def flamingo(rng):
    """IDEFICS, the open reproduction of Flamingo: gated cross-attention to what a resampler took of the images."""
    resampler = {"resampler_n_latents": 4, "resampler_depth": 1, "resampler_n_heads": 2, "resampler_head_dim": 8}
    vision = {
        "embed_dim": 32, "image_size": 32, "patch_size": 8, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 37,
    }  # fmt: skip
    config = T.IdeficsConfig(
        **TEXT, additional_vocab_size=0, cross_layer_interval=1, vision_config=vision, use_resampler=True,
        perceiver_config=resampler,
    )  # fmt: skip
    ids = words(rng)
    return T.IdeficsForVisionText2Text(config), {
        "input_ids": ids, "pixel_values": pictures(rng)[:, None], "labels": ids, "attention_mask": mask(10, 10),
        "image_attention_mask": torch.ones(2, 10, 1, dtype=torch.long),
    }  # fmt: skip


def image_codebook(rng):
    """DALL-E's encoder, which makes a grid of words of an image."""
    config = T.FlavaImageCodebookConfig(
        hidden_size=8, vocab_size=32, num_groups=2, num_blocks_per_group=1, freeze=False
    )
    return T.FlavaImageCodebook(config).blocks, {"input": pictures(rng)}


FLOAT32 = {"detr"}  # its own code knows no other dtype
SMALL = {
    function.__name__: function
    for function in (
        bert, bert_to_classify, roberta, gpt2, llama, bart, t5, wav2vec2, wav2vec2_ctc, hubert, wavlm, whisper, clip, align,
        blip, llava, vit, swin, convnext, resnet, detr, flamingo, image_codebook,
    )
}  # fmt: skip
