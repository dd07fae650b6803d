"""A tokenizer of bytes, and engines of models: a small real one, and a tiny random one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clawc.runtime.engine.local.packages import ADAPTER, CONVERSION, TOKENS, WORKER, need
from clawc.runtime.engine.local.template import END, START, Template
from clawc.runtime.errors import RuntimeFault

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SPECIAL = ("<|endoftext|>", START, END)


def skip_without(*names: str, extra: str = "local") -> None:
    try:
        need(*names, extra=extra)
    except RuntimeFault as fault:
        pytest.skip(f"{fault.message}: {fault.help}", allow_module_level=True)


def byte_tokenizer() -> Tokenizer:
    """All bytes, some longer tokens, and an added token that is no control token."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [
        ("t", "h"),
        ("th", "e"),
        ("Ġ", "the"),
        ("<", "|"),
        ("i", "m"),
        ("Ã", "©"),
        ("ð", "Ł"),
        ("ðŁ", "Ļ"),
        ("Ċ", "Ċ"),
    ]
    words = [*SPECIAL, *letters, *(left + right for left, right in merges)]
    tokenizer = Tokenizer(models.BPE(vocab={word: number for number, word in enumerate(words)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    control = [AddedToken(word, special=True) for word in SPECIAL]
    tokenizer.add_special_tokens(control)  # pyright: ignore[reportUnknownMemberType]
    added = [AddedToken("[added é]", special=False)]
    tokenizer.add_tokens(added)  # pyright: ignore[reportUnknownMemberType]
    return tokenizer


@pytest.fixture(scope="session")
def template() -> Template:
    skip_without(*TOKENS)
    return Template(byte_tokenizer(), "none")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama of two layers with the tokenizer of bytes, in single precision."""
    skip_without(*WORKER, *ADAPTER, *CONVERSION)
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("tiny") / "model"
    tokenizer = byte_tokenizer()
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.4,
        bos_token_id=1,
        eos_token_id=0,
        tie_word_embeddings=True,
    )
    model = LlamaForCausalLM(config)
    model.save_pretrained(folder)  # pyright: ignore[reportUnknownMemberType]
    tokenizer.save(str(folder / "tokenizer.json"))
    assert json.loads((folder / "config.json").read_text())["vocab_size"] == tokenizer.get_vocab_size()
    return folder
