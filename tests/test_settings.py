"""Settings default to the sandbox, hide secrets, and say which one is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import SettingsError
from pipelines.settings import ENV_FILE, ROOT, Settings, env_file, load_settings, unknown_settings


def write_env(monkeypatch: pytest.MonkeyPatch, path: Path, content: bytes) -> None:
    path.write_bytes(content)
    monkeypatch.setenv(ENV_FILE, str(path))


def refused(**overrides: object) -> str:
    with pytest.raises(SettingsError) as error:
        load_settings(**overrides)
    assert error.value.todo
    return str(error.value)


def test_with_nothing_set_everything_points_at_the_sandbox() -> None:
    settings = load_settings()
    assert settings.icasework_base == settings.icasework_reports_base == "http://127.0.0.1:8765/icasework"
    assert settings.icasework_db == "sandbox"


def test_xima_too_points_at_the_sandbox_with_parameters_for_every_report() -> None:
    settings = load_settings(sandbox_port=1)
    assert settings.xima_base == "http://127.0.0.1:1/xima"
    assert settings.xima_key.get_secret_value() == "sandbox-xima-key"
    assert set(settings.xima_parameters) == set(settings.xima_reports)
    for parameters in settings.xima_parameters.values():
        assert parameters[0]["valueType"] == parameters[0]["value"]["type"] == "REPORT_TIMEFRAME"
    (_, agents) = settings.xima_parameters["agent_summary"]
    assert {"key": "Amira Khan(201)"} in agents["value"]["pbxUsers"]


def test_ximas_host_is_the_tenants_or_what_is_set() -> None:
    real = {"xima_environment": "production", "xima_tenant": "abc-medical"}
    assert load_settings(**real).xima_base == "https://abc-medical.xima.cloud"
    assert load_settings(**real).xima_origin == "production abc-medical"
    proxied = load_settings(**real, xima_base_url="https://Proxy.example/x/")
    assert proxied.xima_base == "https://Proxy.example/x"
    assert proxied.xima_origin == "production abc-medical at proxy.example"


def test_what_xima_is_asked_can_be_set_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEHOUSE_XIMA_RECONCILE", '{"calls": "none"}')
    monkeypatch.setenv(
        "CASEHOUSE_XIMA_PARAMETERS", '{"calls": [{"name": "x", "value": {"b": 1.0, "a": null}}]}'
    )
    settings = load_settings()
    assert settings.xima_reconcile == {"calls": "none"}
    assert settings.xima_parameters == {"calls": [{"name": "x", "value": {"b": 1.0, "a": None}}]}
    assert "CASEHOUSE_XIMA_RECONCILE.CALLS" in refused(xima_reconcile={"calls": "hush"})
    assert "CASEHOUSE_XIMA_PARAMETERS.CALLS.0" in refused(xima_parameters={"calls": ["Amira Khan(201)"]})


@pytest.mark.parametrize("key", ["", "a/b", "..", "a b", "LT39K5C5\n", "?x"])
def test_a_report_key_cannot_lead_elsewhere(key: str) -> None:
    assert "CASEHOUSE_XIMA_REPORTS: each key must hold letters" in refused(xima_reports={"calls": key})


def test_production_uses_the_accounts_own_hosts_and_no_db() -> None:
    settings = load_settings(icasework_environment="production", icasework_account="council")
    assert settings.icasework_base == "https://council.icasework.com"
    assert settings.icasework_reports_base == "https://councilreports.icasework.com"
    assert settings.icasework_db is None


def test_uat_shares_one_host_and_names_the_account_as_db() -> None:
    settings = load_settings(icasework_environment="uat", icasework_account="council")
    assert settings.icasework_base == settings.icasework_reports_base == "https://uat.icasework.com"
    assert settings.icasework_db == "council"


def test_every_address_can_be_overridden() -> None:
    one = load_settings(icasework_base_url="http://127.0.0.1:1/x/")
    assert (one.icasework_base, one.icasework_reports_base) == (
        "http://127.0.0.1:1/x",
        "http://127.0.0.1:1/x",
    )
    both = load_settings(icasework_base_url="http://a.test", icasework_reports_url="http://b.test/")
    assert (both.icasework_base, both.icasework_reports_base) == ("http://a.test", "http://b.test")


def test_the_secret_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEHOUSE_ICASEWORK_SECRET", "hush-hush")
    monkeypatch.setenv("CASEHOUSE_XIMA_KEY", "hush-hush")
    settings = load_settings()
    assert "hush-hush" not in repr(settings)
    assert settings.xima_key.get_secret_value() == "hush-hush"
    assert settings.icasework_secret.get_secret_value() == "hush-hush"


def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEHOUSE_SCHEDULE_HOUR", "tea time")
    with pytest.raises(SettingsError, match="CASEHOUSE_SCHEDULE_HOUR") as error:
        load_settings()
    assert "tea time" not in str(error.value)


@pytest.mark.parametrize("way", ["environment", "file"])
def test_json_that_is_none_names_the_setting(
    way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if way == "environment":
        monkeypatch.setenv("CASEHOUSE_ICASEWORK_REPORTS", '{"cases": hush}')
    else:
        write_env(monkeypatch, tmp_path / ".env", b'CASEHOUSE_ICASEWORK_REPORTS={"cases": hush}\n')
    told = refused()
    assert "CASEHOUSE_ICASEWORK_REPORTS: it is not JSON from character 10 on" in told
    assert "hush" not in told


def test_an_env_file_of_another_encoding_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_env(monkeypatch, tmp_path / ".env", "CASEHOUSE_ICASEWORK_ACCOUNT=naïve".encode("latin-1"))
    told = refused()
    assert f"{tmp_path / '.env'} is not UTF-8" in told
    assert "CASEHOUSE" not in told


def test_an_env_file_that_may_not_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(path: object, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    write_env(monkeypatch, tmp_path / ".env", b"")
    monkeypatch.setattr("dotenv.main.open", refuse, raising=False)  # root, who may run this, may read all
    assert f"{tmp_path / '.env'}: Permission denied" in refused()


@pytest.mark.parametrize("account", ["", " ", "a.b", "a/b", "evil.example/#", "a\n", "é"])
def test_an_account_cannot_lead_elsewhere(account: str) -> None:
    assert "CASEHOUSE_ICASEWORK_ACCOUNT: it must hold letters" in refused(icasework_account=account)
    assert "CASEHOUSE_XIMA_TENANT: it must hold letters" in refused(xima_tenant=account)
    assert load_settings(icasework_account="North-Anytown2").icasework_account == "North-Anytown2"


@pytest.mark.parametrize(
    "url",
    [
        "council.icasework.com",
        "ftp://council.icasework.com",
        "https://",
        "https:///path",
        "http://a b",
        "http://host:port",
        "http://host:99999",
        "https://user:hush-hush@host",
        "https://host/?token=hush-hush",
    ],
)
@pytest.mark.parametrize("name", ["icasework_base_url", "icasework_reports_url", "xima_base_url"])
def test_an_address_is_one_of_the_web(name: str, url: str) -> None:
    told = refused(**{name: url})
    assert f"CASEHOUSE_{name.upper()}: it must be http:// or https:// with a host" in told
    assert "hush" not in told
    assert getattr(load_settings(**{name: ""}), name) is None


def test_the_origin_says_who_answers_and_no_secret() -> None:
    assert load_settings().icasework_origin == load_settings(sandbox_port=1).icasework_origin
    assert load_settings().icasework_origin == "sandbox sandbox"
    real = {"icasework_environment": "production", "icasework_account": "anytown"}
    assert load_settings(**real).icasework_origin == "production anytown"
    proxied = load_settings(**real, icasework_base_url="https://Proxy.example:8443/icw")
    assert proxied.icasework_origin == "production anytown at proxy.example:8443"
    both = load_settings(**real, icasework_reports_url="https://proxy.example")
    assert both.icasework_origin == "production anytown at anytown.icasework.com, proxy.example"


def test_misspelled_settings_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert unknown_settings() == []
    write_env(monkeypatch, tmp_path / ".env", b"CASEHOUSE_DATADIR=hush\nCASEHOUSE_DATA_DIR=here\nOTHER=1\n")
    monkeypatch.setenv("CASEHOUSE_STRAT_DATE", "hush")
    monkeypatch.setenv("CASEHOUSE_START_DATE", "2026-01-01")
    assert unknown_settings() == ["CASEHOUSE_DATADIR", "CASEHOUSE_STRAT_DATE"]


def test_another_env_file_may_be_named_or_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(ENV_FILE)
    assert env_file() == ROOT / ".env"
    write_env(monkeypatch, tmp_path / "other", b"CASEHOUSE_ICASEWORK_ACCOUNT=council\n")
    assert load_settings().icasework_account == "council"
    assert unknown_settings() == []
    monkeypatch.setenv(ENV_FILE, "")
    assert env_file() is None
    assert load_settings().icasework_account == "sandbox"
    monkeypatch.setenv(ENV_FILE, str(tmp_path / "othr"))
    assert ENV_FILE in refused()


def test_a_home_directory_may_be_meant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_settings(data_dir=Path("~/council")).data_dir == tmp_path / "council"
    assert "CASEHOUSE_DATA_DIR: its ~" in refused(data_dir=Path("~no-such-user-here/data"))


def test_no_test_reads_the_surroundings(tmp_path: Path) -> None:
    named = {name for name in os.environ if name.startswith("CASEHOUSE_") or name == "DAGSTER_HOME"}
    assert named == {ENV_FILE}
    assert os.environ[ENV_FILE] == ""
    hostile = tmp_path / "hostile.env"
    hostile.write_text("CASEHOUSE_ICASEWORK_ENVIRONMENT=production\n", encoding="utf-8")
    surroundings = {
        "CASEHOUSE_ICASEWORK_ACCOUNT": "council",
        "CASEHOUSE_UNKNOWN": "1",
        ENV_FILE: str(hostile),
    }
    one = f"{Path(__file__)}::{test_with_nothing_set_everything_points_at_the_sandbox.__name__}"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", one],
        check=True,
        cwd=ROOT,
        env=os.environ | surroundings,
        stdout=subprocess.DEVNULL,
    )


def test_a_relative_data_directory_counts_from_the_root(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(data_dir=Path("elsewhere")).data_dir == ROOT / "elsewhere"
    assert load_settings(data_dir=tmp_path).data_dir == tmp_path


def test_the_example_file_documents_every_setting_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    told = dict(line.lstrip("#").split("=", 1) for line in lines if "=" in line and not line.startswith("# "))
    assert set(told) == {f"CASEHOUSE_{name.upper()}" for name in Settings.model_fields}
    defaults = load_settings()
    for line in lines:
        if line.startswith("CASEHOUSE_"):
            monkeypatch.setenv(*line.split("=", 1))
    assert load_settings() == defaults
