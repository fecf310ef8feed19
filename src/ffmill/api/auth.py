"""Who is asking: the account of the API key in the Authorization header, within its rate and the key's scopes."""

from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from ffmill.accounts import callers
from ffmill.accounts.model import Caller, Scope
from ffmill.api.parts import parts_of
from ffmill.api.rates import address_of, note
from ffmill.errors import BadApiKey, Forbidden

BEARER = HTTPBearer(scheme_name="ApiKey", auto_error=False, description="An API key, as `Authorization: Bearer ffm_…`.")


async def authenticate(
    request: Request,
    needed: SecurityScopes,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
) -> Caller:
    """Whose key the request carries; raises TooManyRequests, BadApiKey, and Forbidden for a scope that it lacks."""
    parts = parts_of(request)
    key = credentials.credentials.strip() if credentials else None
    async with parts.pool.connection() as connection:
        caller, allowance = await callers.call(connection, key, address_of(request), parts.rates)
    note(request, allowance)
    if key is None:
        raise BadApiKey("send your API key as the header: Authorization: Bearer <key>")
    if caller is None:
        raise BadApiKey("this API key is unknown, has expired or was revoked")
    for scope in map(Scope, needed.scopes):
        if not caller.may(scope):
            raise Forbidden(f"this API key lacks the scope {scope}; it has: {', '.join(sorted(caller.scopes))}")
    return caller


Reader = Annotated[Caller, Security(authenticate, scopes=[Scope.JOBS_READ])]
Writer = Annotated[Caller, Security(authenticate, scopes=[Scope.JOBS_WRITE])]
FileWriter = Annotated[Caller, Security(authenticate, scopes=[Scope.FILES_WRITE])]
UsageReader = Annotated[Caller, Security(authenticate, scopes=[Scope.USAGE_READ])]
KeyWriter = Annotated[Caller, Security(authenticate, scopes=[Scope.KEYS_WRITE])]
Admin = Annotated[Caller, Security(authenticate, scopes=[Scope.ADMIN])]
