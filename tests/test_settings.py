"""Settings default to the sandbox, hide secrets, and say which one is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import SettingsError
from pipelines.settings import ROOT, Settings, load_settings


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment variable or .env of this machine reaches these tests."""
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CASEHOUSE_{name.upper()}", raising=False)


def test_with_nothing_set_everything_points_at_the_sandbox() -> None:
    settings = load_settings()
    assert settings.icasework_base == settings.icasework_reports_base == "http://127.0.0.1:8765/icasework"
    assert settings.icasework_db == "sandbox"


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
    settings = load_settings()
    assert "hush-hush" not in repr(settings)
    assert settings.icasework_secret.get_secret_value() == "hush-hush"


def test_a_wrong_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASEHOUSE_SCHEDULE_HOUR", "tea time")
    with pytest.raises(SettingsError, match="CASEHOUSE_SCHEDULE_HOUR") as error:
        load_settings()
    assert "tea time" not in str(error.value)


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
