"""What can go wrong with members, invitations, organisations and transfers."""

from modelyard.kit.errors import Conflict, Forbidden, Invalid, NotFound


class MemberMissing(NotFound):
    code = "member_missing"
    title = "There is no such member"


class MemberInvitationMissing(NotFound):
    """Also for one that was used, taken back or is too old, and for one that is for somebody else."""

    code = "member_invitation_missing"
    title = "There is no such invitation"


class TransferMissing(NotFound):
    code = "transfer_missing"
    title = "There is no such transfer"


class LastOwner(Conflict):
    code = "last_owner"
    title = "Somebody has to own it"


class AlreadyMember(Conflict):
    code = "already_member"
    title = "This account is a member already"


class OrganisationNotEmpty(Conflict):
    code = "organisation_not_empty"
    title = "The organisation has repositories"


class RoleTooHigh(Forbidden):
    code = "role_too_high"
    title = "Nobody gives more than they have"


class MembershipInvalid(Invalid):
    code = "membership_invalid"
    title = "This membership cannot be"


class TransferRefused(Invalid):
    code = "transfer_refused"
    title = "The repository cannot go there"
