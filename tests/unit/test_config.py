"""Settings: one table, typed, with derived defaults, and refusals that help."""

from __future__ import annotations

from pathlib import Path

import pytest

from oci.config import SETTINGS, BadSetting, configure, load


def test_every_setting_is_explained_once() -> None:
    names = [setting.name for setting in SETTINGS]
    assert len(names) == len(set(names))
    for setting in SETTINGS:
        assert setting.name.isidentifier() and setting.name.islower()
        assert len(setting.help) > 10, setting.name


def test_without_values_the_defaults_hold() -> None:
    config = configure({})
    assert config.http_url == "http://10.0.0.1" and config.https_url == "https://10.0.0.1"
    assert config.database_url == "sqlite:////var/lib/oci/oci.sqlite"
    assert config.ntp_servers == ["10.0.0.1"] and config.puppet_ca_url == "https://puppet:8140"


def test_what_is_derived_follows_what_is_set() -> None:
    config = configure({"server_address": "192.0.2.7", "state_dir": "/srv/oci", "puppet_server": "p.example"})
    assert config.http_url == "http://192.0.2.7" and config.puppet_address == "192.0.2.7"
    assert config.database_url == "sqlite:////srv/oci/oci.sqlite"
    assert config.puppet_ca_url == "https://p.example:8140"
    assert configure({"http_url": "http://boot.example"}).http_url == "http://boot.example"


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(BadSetting, match="unknown setting sever_address; `oci-admin settings`"):
        configure({"sever_address": "10.0.0.1"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("attempts", "three"),
        ("attempts", True),
        ("secure_cookies", 1),
        ("dns_servers", 5),
        ("ca_certificates", ["a"]),
        ("ca_certificates", {2025: "/a.pem"}),
        ("ca_certificates", {"a": None}),
        ("ntp_servers", [10, "10.0.0.1"]),
        ("server_address", None),
        ("state_dir", ["/var"]),
    ],
)
def test_a_value_of_another_type_is_refused_with_an_example(name: str, value: object) -> None:
    with pytest.raises(BadSetting, match=f"setting {name} is .*; it must be .*, such as"):
        configure({name: value})


def test_a_list_may_be_written_as_words() -> None:
    assert configure({"dns_servers": "9.9.9.9 1.1.1.1"}).dns_servers == ["9.9.9.9", "1.1.1.1"]


def test_a_setting_that_does_not_exist_is_no_attribute() -> None:
    with pytest.raises(AttributeError):
        _ = configure({}).nothing


def test_path_joins() -> None:
    assert configure({"state_dir": "/srv"}).path("state_dir", "pki", "ca.pem") == Path("/srv/pki/ca.pem")


def test_the_file_named_by_the_environment_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "oci.yaml"
    file.write_text("attempts: 7\n")
    monkeypatch.setenv("OCI_CONFIG", str(file))
    assert load().attempts == 7


def test_an_empty_file_means_defaults(tmp_path: Path) -> None:
    (tmp_path / "oci.yaml").write_text("# nothing\n")
    assert load(str(tmp_path / "oci.yaml")).attempts == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a list\n", "'name: value' lines"),
        ("a: [\n", "cannot be read"),
        ("!!python/object/apply:os.system ['id']\n", "cannot be read"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "oci.yaml").write_text(text)
    with pytest.raises(BadSetting, match=says):
        load(str(tmp_path / "oci.yaml"))


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="is missing; set OCI_CONFIG or write the file"):
        load(str(tmp_path / "none.yaml"))
