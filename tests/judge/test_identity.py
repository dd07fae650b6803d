"""Who a judge is: all that its verdicts follow from, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from clawc.runtime.engine.interface import Sampling
from clawc.runtime.engine.scripted import ScriptedEngine
from clawc.runtime.engine.settings import EngineSettings
from clawc.runtime.gateway.choice import ModelChoice
from clawc.runtime.gateway.line import Rules
from clawc.runtime.judge.identity import identity_of, judge_sampling


def choice(model: str = "m", sampling: Sampling | None = None, most: int = 100) -> ModelChoice:
    return ModelChoice(model, lambda: ScriptedEngine([], model), Rules(pinned=sampling or Sampling(), max_tokens=most))


def test_the_temperature_is_0_unless_set() -> None:
    assert judge_sampling(choice()) == Sampling(max_tokens=100, temperature=0.0)
    assert judge_sampling(choice(sampling=Sampling(temperature=0.7, seed=3))) == Sampling(100, 0.7, seed=3)


def test_what_makes_another_judge(tmp_path: Path) -> None:
    def named(name: str = "x", tries: int = 3, engine: EngineSettings | None = None, **given: object) -> str:
        engines = {} if engine is None else {name: engine}
        return identity_of(choice(**given), tries, name, engines, tmp_path)  # type: ignore[arg-type]

    far = EngineSettings(url="http://a/v1", model="m")
    others = [
        named(), named(tries=2), named(model="other"), named(sampling=Sampling(temperature=1.0)), named(most=50),
        named(engine=far), named(engine=far.model_copy(update={"url": "http://b/v1"})),
        named(engine=far.model_copy(update={"fields": {"effort": 1}})),
    ]  # fmt: skip
    assert len(set(others)) == len(others) and named() == others[0]
    slower = far.model_copy(update={"connect_s": 1.0, "key_env": "KEY"})
    assert named(engine=slower) == named(engine=far)
    assert named("y", engine=far) == named("x", engine=far)  # what the file calls it does not count


def test_a_model_on_this_machine_is_its_files(tmp_path: Path) -> None:
    weights = tmp_path / "model" / "weights"
    weights.parent.mkdir()
    weights.write_text("1")
    by_settings = EngineSettings(kind="local", folder="model")

    def both() -> tuple[str, str]:
        at = identity_of(choice(), 3, f"local:{tmp_path / 'model'}", {}, tmp_path)
        return at, identity_of(choice(), 3, "x", {"x": by_settings}, tmp_path)

    first = both()
    assert both() == first
    weights.write_text("12")
    second = both()
    os.utime(weights, ns=(1, 1))
    third = both()
    assert all(len({a, b, c}) == 3 for a, b, c in zip(first, second, third))
    assert identity_of(choice(), 3, "local:/nowhere/at/all", {}, tmp_path).startswith("m#")
