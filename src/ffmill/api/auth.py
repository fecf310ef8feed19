"""Who is asking: the account of the API key in the Authorization header."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ffmill.accounts import repository
from ffmill.accounts.model import Account
from ffmill.api.parts import parts_of
from ffmill.errors import BadApiKey, Forbidden

BEARER = HTTPBearer(scheme_name="ApiKey", auto_error=False, description="An API key, as `Authorization: Bearer ffm_…`.")


async def authenticate(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
) -> Account:
    """The account whose key the request carries; raises BadApiKey."""
    if credentials is None:
        raise BadApiKey("send your API key as the header: Authorization: Bearer <key>")
    async with parts_of(request).pool.connection() as connection:
        account = await repository.account_of_key(connection, credentials.credentials.strip())
    if account is None:
        raise BadApiKey("this API key is unknown or was revoked")
    return account


async def authorize(account: Annotated[Account, Depends(authenticate)]) -> Account:
    """The same for a request that concerns the whole installation; raises Forbidden."""
    if not account.admin:
        raise Forbidden("this API key is not an administrator's: `ffmill keys create --admin` makes one")
    return account


Admin = Annotated[Account, Depends(authorize)]
Caller = Annotated[Account, Depends(authenticate)]
