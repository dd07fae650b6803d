"""Agents as they are published train a tiny random model: what it drew for them is captured token by token, and trained on once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from clawc.commands.train_grpo import GrpoOptions, grpo_command
from clawc.exits import OK
from clawc.runtime.engine.local.packages import TOKENS
from clawc.runtime.gateway.calls import CallRecord, read_calls
from clawc.runtime.train.records import MODEL
from clawc.runtime.train.rows import rows_of, sampled_calls
from clawc.runtime.train.trainer import TRAINER
from tests.campaign.conftest import Project, project, works
from tests.engine_local.conftest import SPECIAL, skip_without
from tests.harness.conftest import agent_or_skip
from tests.train.grpo.test_sandboxes import lines

__all__ = ["project", "works"]
skip_without(*TOKENS, *TRAINER, extra="train")
pytestmark = pytest.mark.usefixtures("works")
DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama with a vocabulary of words, so that the long prompts of these agents are few tokens; one token in four ends an answer."""
    import torch
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("words") / "model"
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = [AddedToken(word, special=True) for word in SPECIAL]
    trainer = trainers.BpeTrainer(
        vocab_size=2000, initial_alphabet=letters, special_tokens=special, show_progress=False
    )  # pyright: ignore[reportCallIssue]
    tokenizer.train([str(path) for path in sorted(DOCS.glob("*.md"))], trainer)
    torch.manual_seed(1)  # pyright: ignore[reportUnknownMemberType]
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=8192, initializer_range=0.4, bos_token_id=1, eos_token_id=list(range(500)),
        tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)  # pyright: ignore[reportUnknownMemberType]
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def calls_in(out: Path) -> list[list[CallRecord]]:
    return [list(read_calls(path)) for path in sorted(out.glob("rollouts/*/episodes/*/capture.jsonl"))]


def trains(project: Project, model: Path, agent: str, options: GrpoOptions) -> list[list[CallRecord]]:
    """Two steps; the calls of each episode."""
    given = replace(options, model=model, out=project.out, agent=agent)
    assert grpo_command([project.root / "bundles" / "one"], given) == OK
    found = lines(project.out)
    assert [line["version"] for line in found] == [0, 1] and all(line["groups"] for line in found), found
    assert all(0 <= float(str(line["gap"])) < 1e-4 for line in found), found
    assert all(line["long_rows"] == line["unscored"] == 0 for line in found), found
    assert (project.out / MODEL / "model.safetensors").read_bytes() != (model / "model.safetensors").read_bytes()
    episodes, sampled = calls_in(project.out), 0
    for calls in episodes:
        train = {call.number: call for call in calls if call.kind == "train"}
        for call in train.values():
            assert call.sampled is not None and call.sampled.output_ids
            assert len(call.sampled.logprobs) == len(call.sampled.output_ids) and max(call.sampled.logprobs) <= 0
            sampled += len(call.sampled.output_ids)
            before = train[call.parent].sampled if call.parent in train else None
            if before is not None:
                whole = (*before.prompt_ids, *before.output_ids)
                assert call.sampled.prompt_ids[: len(whole)] == whole
        for row in rows_of(sampled_calls(calls), "episode"):
            drawn = [call.sampled.output_ids for call in train.values() if call.sampled is not None]
            assert {row.input_ids[span.start : span.end] for span in row.spans} <= set(drawn)
    assert sum(int(str(line["tokens"])) for line in found) == sampled
    return episodes


def goes_on(episodes: list[list[CallRecord]]) -> None:
    """Two calls each; the second goes on from the first, or begins anew where the first said nothing, which agents leave out of what they
    send."""
    for first, second in episodes:
        said = first.message.get("content") or first.message.get("tool_calls")
        assert (first.parent, second.parent) == (0, 1 if said else 0)
    assert any(second.parent for _, second in episodes)


OPTIONS = GrpoOptions(
    Path(), Path(), steps=2, group=3, tasks=1, jobs=3, max_tokens=12, dtype="float32", device="cpu", rate=1e-3, save_every=5, refills=0,
    overlong_penalty=1.0, longest=3000,
)  # fmt: skip


@pytest.mark.nightly
def test_pi(project: Project, model: Path) -> None:
    agent_or_skip("pi")
    (project.root / "pi.toml").write_text('turns = ["Go on."]\n')
    episodes = trains(project, model, f"pi:{project.root / 'pi.toml'}", OPTIONS)
    assert len(episodes) == 6
    goes_on(episodes)


@pytest.mark.nightly
def test_openclaw(project: Project, model: Path) -> None:
    agent_or_skip("openclaw")
    (project.root / "openclaw.toml").write_text('turns = ["Go on."]\n')
    options = replace(OPTIONS, longest=6000)
    episodes = trains(project, model, f"openclaw:{project.root / 'openclaw.toml'}", options)
    print(
        [
            [(c.kind, c.parent, c.caller, len(c.sampled.prompt_ids) if c.sampled else -1) for c in calls]
            for calls in episodes
        ]
    )
    assert len(episodes) == 6
    goes_on(episodes)


RESTLESS = """
import json, sys, threading, urllib.request
url, said = sys.argv[1:]
tools = [{"type": "function", "function": {"name": "write", "parameters": {"type": "object", "properties": {}}}}]

def ask(messages, **more):
    body = json.dumps({"model": "policy", "messages": messages, **more}).encode()
    request = urllib.request.Request(url + "/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        if not more.get("stream"):
            return json.load(answer)["choices"][0]["message"]["content"] or ""
        lines = [line[6:] for line in answer.read().decode().splitlines() if line.startswith("data: {")]
    deltas = [choice["delta"] for line in lines for choice in json.loads(line)["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)

first = [{"role": "user", "content": said}]
answer = ask(first, tools=tools, stream=True)
ask([{"role": "user", "content": "A title for: " + said}])
second = [*first, {"role": "assistant", "content": answer}, {"role": "user", "content": "Go on."}]
asking = [threading.Thread(target=ask, args=(second,), kwargs={"tools": tools, "stream": True}) for _ in range(2)]
for each in asking:
    each.start()
for each in asking:
    each.join()
ask([{"role": "user", "content": "In short: " + said}], tools=tools)
"""


def test_one_that_asks_beside_and_at_once_and_anew(project: Project, model: Path) -> None:
    """A title is a call without tools, and is not trained on; of two calls at once one goes on with the row, and what has a context of
    its own begins one."""
    (project.root / "restless.py").write_text(RESTLESS)
    settings = 'argv = ["python3", "{home}/agent.py", "{url}", "{instruction}"]\n[files]\n"agent.py" = "restless.py"\n'
    (project.root / "restless.toml").write_text(settings)
    options = replace(OPTIONS, longest=1000)
    episodes = trains(project, model, f"command:{project.root / 'restless.toml'}", options)
    for calls in episodes:
        assert [call.kind for call in calls] == ["train", "side", "train", "train", "train"]
        rows = rows_of(sampled_calls(calls), "episode")
        assert [len(row.spans) for row in rows] == [2, 1, 1], [call.parent for call in calls]
