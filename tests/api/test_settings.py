"""Settings come from the environment; what would be unsafe is refused with the remedy."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from api.settings import Settings


def settings(**given: object) -> Settings:
    return Settings.model_validate({"database_url": "sqlite://", **given})


def test_phones_are_simulated_only_where_nobody_is_really_texted() -> None:
    assert settings().simulated_phones
    assert not settings(channels=("twilio",)).simulated_phones


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANXIN_DATABASE_URL", "postgresql+psycopg://anxin:geheim@db/anxin")
    monkeypatch.setenv("ANXIN_API_PORT", "8123")
    monkeypatch.setenv("ANXIN_TWILIO_AUTH_TOKEN", "token-of-twilio")
    read = Settings()
    assert read.base_url == "http://127.0.0.1:8123"
    assert "geheim" not in repr(read)
    assert "token-of-twilio" not in f"{read!r} {read.model_dump_json()}"


def test_passwords_do_not_cross_a_network_in_the_clear() -> None:
    with pytest.raises(ValidationError, match="TLS proxy"):
        settings(public_url="http://anxin.example.org")
    with pytest.raises(ValidationError, match="TLS proxy"):
        settings(api_host="0.0.0.0")
    assert settings(api_host="0.0.0.0", public_url="https://anxin.example.org").is_https


@pytest.mark.parametrize(
    "url", ["ftp://anxin", "anxin.example.org", "https://anxin.example.org/?a=1", "https://"]
)
def test_a_public_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="scheme, host and port"):
        settings(public_url=url)


def test_the_cookie_has_the_host_prefix_wherever_a_browser_allows_it() -> None:
    assert settings(public_url="https://anxin.example.org/").cookie_name == "__Host-anxin"
    assert settings(public_url="http://localhost:8000").cookie_name == "anxin_session"


def test_the_origin_has_no_path() -> None:
    assert settings(public_url="https://anxin.example.org/centre").origin == "https://anxin.example.org"


def test_an_exchange_is_given_by_its_address_and_how_it_names_a_telephone() -> None:
    given = settings(
        exchange_url="http://pbx.example.org:8088/ari/", exchange_endpoint="SIP/desk-{extension}"
    )
    assert given.exchange_url == "http://pbx.example.org:8088/ari"
    for address in ("pbx.example.org", "http://anxin:secret@pbx:8088/ari", "http://pbx:8088/ari?api_key=a:b"):
        with pytest.raises(ValidationError, match="REST interface"):
            settings(exchange_url=address)
    for endpoint in ("PJSIP/601", "PJSIP/{extension}}", "{extension}{extension}", "PJSIP/{extension}@{host}"):
        with pytest.raises(ValidationError, match="digits of a desk"):
            settings(exchange_endpoint=endpoint)
