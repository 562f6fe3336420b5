"""What can go wrong at the door for Hugging Face's client."""

from modelyard.kit.errors import Invalid, ModelyardError


class HubRequestInvalid(Invalid):
    """As the client expects it for what it should not have sent (400)."""

    status = 400
    code = "hub_request_invalid"
    title = "The request is not what Hugging Face's client sends"


class HubUnsupported(ModelyardError):
    """Something of the Hub's that this site has no part for (501)."""

    status = 501
    code = "hub_unsupported"
    title = "This part of the Hub is not offered"
