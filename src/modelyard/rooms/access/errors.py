"""Why a caller was turned away."""

from modelyard.kit.errors import Forbidden, Unauthenticated


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


class RoleMissing(Forbidden):
    code = "role_missing"
    title = "Your role does not allow this"


class CrossSiteRequest(Forbidden):
    code = "cross_site_request"
    title = "The request came from another site"


class NotOwner(Forbidden):
    code = "not_owner"
    title = "Only the owner may do this"
