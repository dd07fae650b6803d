"""Names of agents and models on the command line: what they stand for, and what is said where they stand for nothing."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from clawc import cli, exits
from clawc.runtime.engine.choose import Wishes, model_named
from clawc.runtime.engine.interface import Sampling
from clawc.runtime.engine.settings import engine_settings
from clawc.runtime.errors import RuntimeFault
from clawc.runtime.gateway.server import TokenServer
from clawc.runtime.harness.choose import harness_named
from clawc.runtime.harness.command import CommandSettings

GPT: dict[str, object] = {
    "url": "http://h/v1", "model": "big", "price": {"prompt": "0.15", "completion": 1}, "sampling": {"temperature": 0.7, "max_tokens": 50},
    "limits": {"calls": 9}, "upstreams": [],
}  # fmt: skip


def script(folder: Path, text: str = '[{"text": "done"}]') -> str:
    (folder / "model.json").write_text(text)
    return f"scripted:{folder}/model.json"


def test_a_name_from_the_file_with_wishes_over_it() -> None:
    engines = engine_settings(Path("claw.toml"), {"gpt": GPT})
    plain = model_named("gpt", Wishes(engines=engines))
    assert plain.model == "gpt:big"
    assert (plain.rules.pinned, plain.rules.max_tokens, plain.caps.calls) == (Sampling(temperature=0.7), 50, 9)
    wished = model_named("gpt", Wishes(temperature=0.0, max_tokens=9, calls=3, budget=Decimal(1), engines=engines))
    assert (wished.rules.pinned.temperature, wished.rules.max_tokens, wished.caps.calls) == (0.0, 9, 3)
    assert wished.name != plain.name
    assert model_named("gpt", Wishes(engines=engines)).name == plain.name


def test_what_is_recorded_still_has_its_price(tmp_path: Path) -> None:
    engines = engine_settings(Path("claw.toml"), {"gpt": GPT})
    for record in (None, tmp_path / "tape"):
        engine = model_named("gpt", Wishes(record=record, engines=engines)).make()
        assert getattr(engine, "priced", False)


def test_addresses() -> None:
    assert model_named("http://localhost:8000/v1#m", Wishes()).model == "m(localhost:8000)"
    for wrong in ("http://localhost/v1", "http://user:secret@h/v1#m", "http://h/v1?key=secret#m", "https://#m"):
        with pytest.raises(RuntimeFault, match="R0970") as fault:
            model_named(wrong, Wishes())
        assert "secret" not in str(fault.value)


@pytest.mark.parametrize("name", ["", "gpt", "scripted:", "local:", "ftp://h#m", "smollm2x"])
def test_names_that_stand_for_no_model(name: str) -> None:
    with pytest.raises(RuntimeFault, match="R0970") as fault:
        model_named(name, Wishes())
    assert "claw.toml" in fault.value.help


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "[5]", '[{"txt": "x"}]', '[{"tool": "a", "calls": [{"tool": "b"}]}]', '[{"wait_s": -1}]', '[{"fail": "sometimes"}]', "[" * 50_000],
    ids=range(9),
)  # fmt: skip
def test_scripts_that_are_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(RuntimeFault, match="R0962"):
        model_named(script(tmp_path, text), Wishes())


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for name, code in (("scripted:/none", "R0962"), ("cassette:/none", "R0963"), (f"cassette:{tmp_path}", "R0206")):
        with pytest.raises(RuntimeFault, match=code):
            model_named(name, Wishes())
    (tmp_path / "tape").write_text('{"asked": "x"}\n')
    with pytest.raises(RuntimeFault, match="R0963") as fault:
        model_named(f"cassette:{tmp_path}/tape", Wishes())
    assert ":1:" in str(fault.value)


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    engine = model_named("http://127.0.0.1:1/v1#m", Wishes()).make()
    for work in (engine.open, TokenServer().open):
        with pytest.raises(RuntimeFault, match="R0960") as fault:
            asyncio.run(work())
        assert "clawc[gateway]" in fault.value.help


def test_agents_with_and_without_models(tmp_path: Path) -> None:
    model = model_named(script(tmp_path), Wishes())
    assert harness_named("loop", model).name == f"loop@{model.model}"
    (tmp_path / "a.toml").write_text("steps = 5")
    assert harness_named(f"loop:{tmp_path}/a.toml", model).name.startswith("loop#")
    for name, given in (("loop", None), ("command:x", None), ("oracle", model), ("null", model)):
        with pytest.raises(RuntimeFault, match="R0406"):
            harness_named(name, given)


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("loop", "steps = 0", "steps"), ("loop", "step = 5", "step"), ("loop", "= 5", "TOML"), ("loop", 'tools = ["rm"]', "tools"),
        ("loop", "[[turns]]\nwhen = 'never'", "turns.0.when"), ("command", "cwd = 'x'", "argv"), ("command", "argv = []", "argv"),
        ("command", 'argv = ["{secret}"]', "{secret}"), ("command", 'argv = ["a"]\n[files]\n"../x" = "y"', "../x"),
        ("command", 'argv = ["a"]\n[files]\n"x" = "not there"', "not there"), ("command", "argv = 5", "argv"),
    ],
    ids=range(11),
)  # fmt: skip
def test_settings_that_are_none(tmp_path: Path, kind: str, text: str, says: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(RuntimeFault, match=r"R040[45]") as fault:
        harness_named(f"{kind}:{tmp_path}/a.toml", model_named(script(tmp_path), Wishes()))
    assert says in str(fault.value)


def test_the_command_line_says_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = "examples/order_totals.claw"
    out = ["--out", str(tmp_path / "run")]
    for arguments, says in (
        ([task, "--agent", "loop", *out], "needs a model"),
        ([task, "--model", "smollm2", *out], "speaks to no model"),
        ([task, "--agent", "loop", "--model", "none", *out], "unknown model"),
        ([task, "--agent", "loop", "--model", script(tmp_path), "--budget", "much", *out], "US dollars"),
        ([], "nothing to run"),
        ([task, "--campaign", "x.toml", "-n", "3"], "leave episodes, paths out"),
    ):  # fmt: skip
        assert cli.run(["run", *arguments]) == exits.USAGE
        assert says in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_settings_of_a_project_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "claw.toml").write_text(
        '[engine.mine]\nkind = "scripted"\nfile = "model.json"\n[engine.bad]\nurl = "http://h/v1"\nmodel = "m"\nkey = "sk-1"\n'
    )
    script(tmp_path)
    task = str(Path("examples/order_totals.claw").absolute())
    monkeypatch.chdir(tmp_path)
    assert cli.run(["run", task, "--agent", "loop", "--model", "mine"]) == exits.USAGE
    shown = capsys.readouterr().err
    assert "R0969" in shown
    assert "sk-1" not in shown
    assert json.dumps("engine.bad")[1:-1] in shown


def test_the_page_shows_what_is_taken(tmp_path: Path) -> None:
    """Settings of models, of a command and a script, as docs/models.md has them."""
    page = Path("docs/models.md").read_text(encoding="utf-8")
    engines, command = (tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", page, re.S))
    assert {"gpt", "farm"} <= engine_settings(Path("docs/models.md"), engines["engine"]).keys()
    assert CommandSettings.model_validate(command).again
    [steps] = re.findall(r"```json\n(.*?)```", page, re.S)
    assert model_named(script(tmp_path, steps), Wishes()).model.startswith("scripted:")
