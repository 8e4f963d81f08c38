"""Variables that look like ours: a misspelling is reported, what others are known to set is not."""

from __future__ import annotations

import pytest

from padws.config import ConfigurationError, known_variables, load_settings
from padws.misspelt_variables import suggestions

SLIPS = {
    "DATABASE_ULR": "DATABASE_URL",
    "DATABASEURL": "DATABASE_URL",
    "DATABASE_URI": "DATABASE_URL",
    "database_url": "DATABASE_URL",
    "POSTGRES_URL": "DATABASE_URL",
    "POSTGRES_PASSWROD": "POSTGRES_PASSWORD",
    "POSTGRES_DATABASE": "POSTGRES_DB",
    "POSTGRES_USERNAME": "POSTGRES_USER",
    "REDIS_URI": "REDIS_URL",
    "REDIS_PASSWD": "REDIS_PASSWORD",
    "OIDC_CLIENTID": "OIDC_CLIENT_ID",
    "OIDC_SECRET": "OIDC_CLIENT_SECRET",
    "OIDC_ISSUER_URL": "OIDC_ISSUER",
    "DB_POOL_SIZE": "DB_POOL_MIN_SIZE",
    "WEB_CONCURENCY": "WEB_CONCURRENCY",
    "TRUSTED_PROXY": "TRUSTED_PROXIES",
}
OF_OTHERS = [
    *("PATH", "HOME", "HOST", "PORT", "USER", "SHELL", "LANG", "TERM", "TZ", "TMPDIR"),
    *("HOSTNAME", "LOGNAME", "PWD", "OLDPWD", "EDITOR", "DISPLAY", "PYTHONPATH", "VIRTUAL_ENV"),
    *("http_proxy", "https_proxy", "no_proxy", "NO_PROXY", "DYNO", "KUBERNETES_SERVICE_HOST"),
    *("KUBERNETES_PORT_443_TCP_ADDR", "REDIS_SERVICE_HOST", "REDIS_SERVICE_PORT"),
    *("REDIS_PORT_6379_TCP_ADDR", "POSTGRES_SERVICE_PORT", "POSTGRES_PORT_5432_TCP"),
    *("POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS", "POSTGRES_HOST_AUTH_METHOD"),
    *("REDIS_VERSION", "REDIS_DOWNLOAD_URL", "REDIS_TLS_URL", "REDIS_TEMPORARY_URL", "PGHOST"),
    *("PGUSER", "PGPASSWORD", "PGDATABASE", "PGDATA", "AWS_REGION", "INVOCATION_ID"),
    *("JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "NODE_ENV", "CODER_API_KEY", "CODER_WORKSPACE_NAME"),
    *("APP_PORT", "FLASK_APP"),
]


@pytest.mark.parametrize(("slip", "meant"), SLIPS.items())
def test_a_slip_is_named_unless_the_right_name_is_set_too(slip: str, meant: str) -> None:
    assert suggestions([slip], known_variables())[slip] == meant
    assert suggestions([slip, meant], known_variables()).get(slip) != meant


def test_names_of_others_are_left_alone() -> None:
    assert suggestions(OF_OTHERS, known_variables()) == {}
    assert suggestions(known_variables(), known_variables()) == {}


def test_slips_are_told_with_the_mistakes_that_may_come_of_them() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(
            {"OIDC_ISUER": "https://hunter2.example.org", "LOG_LEVEL": "x"}, to_serve=True
        )
    assert caught.value.mistakes.keys() == {
        *("OIDC_ISUER", "OIDC_ISSUER", "OIDC_CLIENT_ID", "LOG_LEVEL")
    }
    assert "did you mean OIDC_ISSUER?" in str(caught.value)
    assert "hunter2" not in str(caught.value)
