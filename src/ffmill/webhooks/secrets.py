"""The secrets that sign an account's webhooks, in SQL."""

SECRET_BYTES = 32  # Standard Webhooks: between 24 and 64
