"""Why a caller was turned away."""

from modelyard.kit.errors import Conflict, Forbidden, Invalid, Unauthenticated


class SignInRequired(Unauthenticated):
    code = "sign_in_required"
    title = "Sign in first"


class BasicSignInRequired(SignInRequired):
    """As ``SignInRequired``, with the challenge that Git and Docker understand."""

    code = "basic_sign_in_required"

    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Basic realm="modelyard"'}


class ScopeMissing(Forbidden):
    code = "scope_missing"
    title = "The token does not allow this"


class SessionRequired(Forbidden):
    code = "session_required"
    title = "A token does not allow this: sign in"


class RoleMissing(Forbidden):
    code = "role_missing"
    title = "Your role does not allow this"


class CrossSiteRequest(Forbidden):
    code = "cross_site_request"
    title = "The request came from another site"


class NotOwner(Forbidden):
    """A caller who may read something has not the role that it takes to change it."""

    code = "not_owner"
    title = "Your role here does not allow this"


class BadIdempotencyKey(Invalid):
    code = "bad_idempotency_key"
    title = "The Idempotency-Key cannot be used"


class IdempotencyKeyReused(Invalid):
    code = "idempotency_key_reused"
    title = "The Idempotency-Key belongs to another request"


class AlreadyAnswered(Conflict):
    code = "already_answered"
    title = "This was carried out already, and its answer is not kept"


class SameRequestRunning(Conflict):
    code = "same_request_running"
    title = "The same request was carried out at the same time"
