"""Calls to a model that are held to grammars and schemas, beside free ones."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawc.compiler.passes.parse import parse
from clawc.compiler.source import Diagnostics, Source
from clawc.runtime.engine.interface import ChatRequest, Constraint, EngineFailure, Sampled, Sampling, constrains
from clawc.runtime.engine.local.packages import ADAPTER, CONVERSION, GRAMMAR, TOKENS, WORKER
from clawc.runtime.engine.local.smollm2 import smollm2
from clawc.spec.export.decoding import decoding_grammar
from tests.engine_local.conftest import skip_without

skip_without(*GRAMMAR, *TOKENS, *WORKER, *ADAPTER, *CONVERSION)

import torch  # noqa: E402
from transformers import LlamaForCausalLM  # noqa: E402

from clawc.runtime.engine.local.batches import Batches  # noqa: E402
from tests.engine_local.test_batches import CALLS, answers, setup  # noqa: E402
from tests.engine_local.test_engine import Answer, Running, running, user  # noqa: E402

SUM = Constraint("grammar", 'start: NUMBER (" + " NUMBER)+ "."\nNUMBER: /[1-9][0-9]*/\n')
COLOUR = {
    "type": "object",
    "properties": {"colour": {"enum": ["red", "green", "blue"]}, "why": {"type": "string"}, "rank": {"type": "integer"}},
    "required": ["colour", "why", "rank"],
    "additionalProperties": False,
}  # fmt: skip
SHAPED = Constraint("schema", json.dumps(COLOUR))
CLAW = Constraint("grammar", decoding_grammar("llguidance", "file", cut=True))
WRONG = [
    Constraint("grammar", "start: ("), Constraint("grammar", ""), Constraint("grammar", "start: none_of_these"), Constraint("grammar", "start: <|im_end|>"),
    Constraint("grammar", "start: " + "(" * 200_000 + '"a"' + ")" * 200_000), Constraint("grammar", "start: r0\n" + "".join(f'r{n}: r{n + 1} "a"\n' for n in range(30_000)) + 'r30000: "a"\n'), Constraint("grammar", "start: " + '"a" ' * 200_000),
    Constraint("grammar", "start: /" + "(" * 100_000 + "a" + ")" * 100_000 + "/"), Constraint("grammar", "start: \ud800"),
    Constraint("grammar", "#" * (1 << 20) + '\nstart: "a"'), Constraint("grammar", '{"grammars": [{"json_schema": 5}]}'),
    Constraint("schema", "{"), Constraint("schema", '{"type": "nothing"}'), Constraint("schema", '{"a":' * 3000 + "1" + "}" * 3000),
    Constraint("schema", '{} }], "grammars": [{"lark_grammar": "start: /a/"'), Constraint("schema", "false"),
    Constraint("schema", json.dumps({"$ref": "#/$defs/0", "$defs": {str(n): {"$ref": f"#/$defs/{n + 1}"} for n in range(9000)}})),
]  # fmt: skip


@pytest.fixture(scope="module")
def smol() -> Iterator[Running]:
    yield from running(smollm2(Path(os.environ["CLAWC_TEST_FRAMEWORKS"]) / "models"))


async def ask(smol: Running, constraint: Constraint | None, text: str = "Go.", **sampling: object) -> Answer:
    answer = Answer()
    request = ChatRequest((user(text),), sampling=Sampling(**sampling), constraint=constraint)  # type: ignore[arg-type]
    async for piece in smol.engine.chat(request, lambda who, kind, data: None):
        answer.content += piece.content
        answer.finish, answer.sampled = piece.finish, piece.sampled
    return answer


def drawn(answer: Answer) -> Sampled:
    assert answer.sampled is not None
    return answer.sampled


def is_sum(text: str) -> bool:
    terms = text.removesuffix(".").split(" + ")
    return text.endswith(".") and len(terms) > 1 and all(term.isdecimal() and term[0] != "0" for term in terms)


@pytest.mark.sampled(7)
@pytest.mark.parametrize(("most", "temperature"), [
    *((most, temperature) for most in (6, 9) for temperature in (0.0, 1.0, 2.0)), (60, 1.0),
    *(pytest.param(60, temperature, marks=pytest.mark.nightly) for temperature in (0.0, 2.0)),
])  # fmt: skip
def test_an_answer_is_a_sentence_of_its_grammar(smol: Running, most: int, temperature: float) -> None:
    assert constrains(smol.engine) == {"grammar", "schema"}
    for seed in range(3):
        answer = smol.run(ask(smol, SUM, "Add some numbers.", max_tokens=most, temperature=temperature, seed=seed))
        assert answer.finish == "stop"
        assert is_sum(answer.content), answer.content
        sampled = drawn(answer)
        assert sampled.output_ids[-1] in (0, smol.engine.template.end)
        assert len(sampled.output_ids) <= most
        assert all(logprob <= 0 for logprob in sampled.logprobs)
        again = smol.run(ask(smol, SUM, "Add some numbers.", max_tokens=most, temperature=temperature, seed=seed))
        assert drawn(again) == sampled


@pytest.mark.sampled(4)
@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("most", [30, 80])
def test_an_answer_is_of_its_schema(smol: Running, temperature: float, most: int) -> None:
    for seed in range(3):
        answer = smol.run(ask(smol, SHAPED, "Which colour?", max_tokens=most, temperature=temperature, seed=seed))
        assert answer.finish == "stop"
        found = json.loads(answer.content)
        assert found["colour"] in ("red", "green", "blue")
        assert isinstance(found["why"], str) and isinstance(found["rank"], int)


@pytest.mark.nightly
def test_calls_at_once_are_what_they_are_alone(smol: Running) -> None:
    asked = [(None, 12, 0), (SUM, 20, 1), (None, 12, 2), (SHAPED, 30, 3), (None, 12, 4), (CLAW, 30, 5)]

    async def one(number: int) -> Answer:
        constraint, most, seed = asked[number]
        return await ask(smol, constraint, f"Tell me of {number}.", max_tokens=most, temperature=1.0, seed=seed)

    async def all_at_once() -> list[Answer]:
        return await asyncio.gather(*(one(number) for number in range(len(asked))))

    alone = [smol.run(one(number)) for number in range(len(asked))]
    together = smol.run(all_at_once())
    assert [drawn(answer).output_ids for answer in together] == [drawn(answer).output_ids for answer in alone]
    for one_, other in zip(alone, together):
        assert drawn(one_).logprobs == pytest.approx(drawn(other).logprobs, abs=1e-4)


@pytest.mark.nightly
def test_decoded_files_are_read_by_the_parser(smol: Running) -> None:
    async def texts() -> list[Answer]:
        asks = (
            ask(smol, CLAW, "Write a task.", max_tokens=160, temperature=temperature, seed=seed)
            for seed, temperature in enumerate((0.0, 0.8, 1.0, 1.5))
        )
        return await asyncio.gather(*asks)

    for answer in smol.run(texts()):
        assert answer.finish == "stop"
        diagnostics = Diagnostics()
        parse(Source.of("decoded.claw", answer.content), diagnostics)
        assert not diagnostics.has_errors, (answer.content, [each.message for each in diagnostics.sorted()])


@pytest.mark.sampled(4)
@pytest.mark.parametrize("constraint", WRONG, ids=range(len(WRONG)))
def test_what_is_no_grammar_is_rejected_and_the_next_call_answered(smol: Running, constraint: Constraint) -> None:
    pid = smol.tokens.pid
    with pytest.raises(EngineFailure) as caught:
        smol.run(ask(smol, constraint, max_tokens=9, seed=1))
    assert caught.value.kind == "rejected"
    assert "\n" not in caught.value.message and len(caught.value.message) < 500
    answer = smol.run(ask(smol, SUM, max_tokens=9, seed=1))
    assert is_sum(answer.content)
    assert smol.tokens.pid == pid


def test_an_answer_for_which_there_is_no_room_is_rejected(smol: Running) -> None:
    with pytest.raises(EngineFailure, match="no answer of this grammar is so short") as caught:
        smol.run(ask(smol, SUM, max_tokens=3, seed=1))
    assert caught.value.kind == "rejected"


def test_a_call_that_is_left_ends(smol: Running) -> None:
    async def leave() -> None:
        sampling = Sampling(max_tokens=4000, temperature=1.0, seed=1)
        begun = smol.tokens.generate([1, 4093, 198], sampling, Constraint("grammar", "start: /[a-z ]*/"))
        assert (await anext(begun)).finish is None
        await begun.aclose()
        # Other weights wait until nothing is in flight: with 4000 tokens to come that would be minutes.
        await asyncio.wait_for(smol.tokens.load_adapter(None), 60)

    smol.run(leave())
    assert is_sum(smol.run(ask(smol, SUM, max_tokens=9, seed=1)).content)


def test_log_probabilities_are_of_what_is_left(tiny_model: Path) -> None:
    """Of two letters one is drawn: probabilities are those of the two, divided by their sum."""
    constraint = Constraint("grammar", 'start: ("a" | "b"){6}')
    prompt = [5, 6, 7, 8]
    for temperature in (0.5, 1.0):
        batches = Batches(setup(tiny_model))
        batches.add("x", prompt, 40, temperature, 3, constraint)
        ids: list[int] = []
        logprobs: list[float] = []
        for outputs in batches.outputs():
            for output in outputs:
                assert not output.error
                ids += output.ids
                logprobs += output.logprobs
            if outputs and outputs[-1].finish:
                break
        batches.stop()
        model = LlamaForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)  # pyright: ignore[reportUnknownMemberType]
        with torch.no_grad():
            logits = model(torch.tensor([[*prompt, *ids]])).logits[0, len(prompt) - 1 : -1]
        letters = sorted(set(ids[:-1]))
        assert len(ids) == 7 and len(letters) == 2 and ids[-1] == 0
        for row, token, logprob in zip(logits[:-1], ids, logprobs):
            likely = torch.log_softmax(row[letters] / temperature, -1)
            assert float(likely[letters.index(token)]) == pytest.approx(logprob, abs=1e-4)
        assert logprobs[-1] == 0.0


@pytest.mark.parametrize("turns", [1, 4])
def test_free_calls_are_given_the_same_beside_others(tiny_model: Path, turns: int) -> None:
    expected = answers(Batches(setup(tiny_model, cache=1024), turns), CALLS)
    batches = Batches(setup(tiny_model, cache=1024), turns)
    for number in range(4):
        batches.add(
            f"held {number}", [9, 10, number + 20], 30, 1.0, number, Constraint("grammar", "start: /[a-z]{20,40}/")
        )
    batches.add("wrong", [9], 30, 1.0, 1, Constraint("grammar", "start: ("))
    assert answers(batches, CALLS) == expected
