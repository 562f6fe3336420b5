"""What can go wrong with accounts, sign-in and tokens."""

from modelyard.kit.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests, Unauthenticated


class WrongCredentials(Unauthenticated):
    """The same for an unknown user and a wrong password, so that neither can be told from the other."""

    code = "wrong_credentials"
    title = "The user name or the password is wrong"


class InvalidToken(Unauthenticated):
    code = "invalid_token"
    title = "The token is not valid"


class ExpiredToken(Unauthenticated):
    code = "expired_token"
    title = "The token has expired"


class AccountDisabled(Forbidden):
    code = "account_disabled"
    title = "This account is disabled"


class WrongPassword(Forbidden):
    code = "wrong_password"
    title = "The old password is wrong"


class SignUpNotOpen(Forbidden):
    code = "sign_up_not_open"
    title = "This site does not take new people by itself"


class InvitationUnusable(Forbidden):
    code = "invitation_unusable"
    title = "The invitation is not valid any more"


class ScopeNotYours(Forbidden):
    code = "scope_not_yours"
    title = "Your role cannot give a token this scope"


class UsernameTaken(Conflict):
    code = "username_taken"
    title = "This user name is taken"


class LastAdministrator(Conflict):
    code = "last_administrator"
    title = "The site needs at least one administrator"


class AdministratorsInPerson(Forbidden):
    code = "administrators_in_person"
    title = "Only somebody who is signed in makes administrators"


class TooManyTokens(Conflict):
    code = "too_many_tokens"
    title = "There are too many tokens"


class UsernameRefused(Invalid):
    code = "username_refused"
    title = "This user name cannot be used"


class PasswordRefused(Invalid):
    code = "password_refused"
    title = "This password cannot be used"


class AccountMissing(NotFound):
    code = "account_missing"
    title = "There is no such account"


class OrganisationMissing(NotFound):
    code = "organisation_missing"
    title = "There is no such organisation"


class NotAPerson(Invalid):
    code = "not_a_person"
    title = "This is the account of an organisation"


class TokenMissing(NotFound):
    code = "token_missing"
    title = "You have no such token"


class InvitationMissing(NotFound):
    code = "invitation_missing"
    title = "There is no such invitation"


class TooManySignIns(TooManyRequests):
    code = "too_many_sign_ins"
    title = "Too many attempts to sign in"
