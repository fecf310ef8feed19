"""Terms of accounts, scopes, rate limits, deliveries, retention, usage, an audit log; a webhook secret each."""

import secrets

from ffmill.db.statements import execute

revision = "0004"
down_revision = "0003"

SECRET_BYTES = 32


def upgrade() -> None:
    """Runs the SQL, then gives every account a secret that signs its webhooks."""
    driver = execute(revision)
    for (account_id,) in driver.execute("SELECT id FROM accounts").fetchall():
        driver.execute(
            "INSERT INTO webhook_secrets (account_id, secret) VALUES (%s, %s)",
            (account_id, secrets.token_bytes(SECRET_BYTES)),
        )
