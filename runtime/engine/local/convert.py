"""The GGUF file of a Llama model made into a folder of safetensors, for `python -I -m ... FILE FOLDER`.

Written from the file's own metadata, in seconds and without torch: transformers takes several times as long, and refuses to
save what it has read.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from clawc.runtime.engine.local.shapes import as_list

if TYPE_CHECKING:
    import gguf
    import numpy
    import numpy.typing

    Halves: TypeAlias = numpy.typing.NDArray[numpy.uint16]
    Floats: TypeAlias = numpy.typing.NDArray[numpy.float32]

_CONTROL = 3  # the kind of token that stands for no text
_PARTS = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_WHOLE = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}


class Unfit(Exception):
    """The text says what is in the file that this does not convert."""


def convert(file: Path, folder: Path) -> None:
    """Writes config.json, generation_config.json, model.safetensors (bfloat16, as the model was trained), tokenizer.json
    and tokenizer_config.json into `folder`, which must be there. Raises Unfit."""
    from gguf import GGUFReader

    reader = GGUFReader(file)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    if fields.get("general.architecture") != "llama" or fields.get("tokenizer.ggml.pre") != "smollm":
        raise Unfit("only Llama models with the tokenizer of SmolLM are converted")
    config = _config(fields)
    _write_json(folder / "config.json", config)
    ends = {"bos_token_id": config["bos_token_id"], "eos_token_id": config["eos_token_id"]}
    _write_json(folder / "generation_config.json", ends)
    _write_tokenizer(fields, folder / "tokenizer.json")
    heads = (int(str(config["num_attention_heads"])), int(str(config["num_key_value_heads"])))
    _write_weights(reader, heads, folder / "model.safetensors")


def _config(fields: Mapping[str, object]) -> dict[str, object]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "vocab_size": fields["llama.vocab_size"],
        "hidden_size": fields["llama.embedding_length"],
        "intermediate_size": fields["llama.feed_forward_length"],
        "num_hidden_layers": fields["llama.block_count"],
        "num_attention_heads": fields["llama.attention.head_count"],
        "num_key_value_heads": fields["llama.attention.head_count_kv"],
        "max_position_embeddings": fields["llama.context_length"],
        # The file has single precision; the model was configured with the decimal that this is nearest to.
        "rms_norm_eps": float(f"{fields['llama.attention.layer_norm_rms_epsilon']:.6g}"),
        "rope_theta": fields["llama.rope.freq_base"],
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "bos_token_id": fields["tokenizer.ggml.bos_token_id"],
        "eos_token_id": fields["tokenizer.ggml.eos_token_id"],
        "pad_token_id": fields["tokenizer.ggml.padding_token_id"],
    }


def _write_tokenizer(fields: Mapping[str, object], path: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens, kinds, merges = (_texts(fields[f"tokenizer.ggml.{name}"]) for name in ("tokens", "token_type", "merges"))
    vocabulary = {token: number for number, token in enumerate(tokens)}
    pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == str(_CONTROL)]
    special_tokens = [AddedToken(token, special=True, normalized=False) for token in control]
    tokenizer.add_special_tokens(special_tokens)  # pyright: ignore[reportUnknownMemberType]
    tokenizer.save(str(path), pretty=False)
    names = {"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"}
    special = {name: tokens[int(str(fields[f"tokenizer.ggml.{field}_token_id"]))] for name, field in names.items()}
    length = fields["llama.context_length"]
    general = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": length, **special}
    _write_json(path.with_name("tokenizer_config.json"), general)


def _texts(values: object) -> list[str]:
    found = as_list(values)
    if not found:
        raise Unfit("the file has no tokenizer")
    return [str(value) for value in found]


def _write_weights(reader: gguf.GGUFReader, heads: tuple[int, int], path: Path) -> None:
    """The file format is a length, a JSON table and the bytes; numpy has no bfloat16, so its halves are written."""
    from gguf import dequantize

    weights: dict[str, Halves] = {}
    for tensor in reader.tensors:
        name = _name(tensor.name)
        values: Floats = dequantize(tensor.data, tensor.tensor_type)
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            values = _unturned(values, heads[0] if name.endswith("q_proj.weight") else heads[1])
        weights[name] = _halves(values)
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for name, halves in weights.items():
        table[name] = {"dtype": "BF16", "shape": list(halves.shape), "data_offsets": [at, at + halves.nbytes]}
        at += halves.nbytes
    head = json.dumps(table).encode()
    head += b" " * (-len(head) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(head)) + head)
        for halves in weights.values():
            file.write(halves.tobytes())


def _name(name: str) -> str:
    if name in _WHOLE:
        return _WHOLE[name]
    block, number, part, kind = ([*name.split("."), "", "", ""])[:4]
    if block != "blk" or part not in _PARTS or kind != "weight":
        raise Unfit(f"a tensor `{name}` is not known")
    return f"model.layers.{number}.{_PARTS[part]}.weight"


def _unturned(values: Floats, heads: int) -> Floats:
    """The file has the two halves of each head's rotated rows interleaved."""
    rows, columns = values.shape
    return values.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _halves(values: Floats) -> Halves:
    """The upper half of each single, rounded to nearest, ties to even. No weight is NaN."""
    import numpy as np

    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + (((bits >> 16) & 1) + 0x7FFF)) >> 16).astype(np.uint16)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except Unfit as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
