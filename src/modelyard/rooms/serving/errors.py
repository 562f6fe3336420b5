"""What can go wrong while models are served."""

from modelyard.kit.errors import Conflict, Forbidden, ModelyardError, NotFound, TooManyRequests, Unavailable


class DeploymentMissing(NotFound):
    code = "deployment_missing"
    title = "This repository is not deployed"


class AliasMissing(NotFound):
    code = "alias_missing"
    title = "No such alias"


class NothingToRollBack(Conflict):
    code = "nothing_to_roll_back"
    title = "The alias has not pointed at another version"


class RollbackTargetDeleted(Conflict):
    code = "rollback_target_deleted"
    title = "The version before was deleted"


class DeploymentStopped(Conflict):
    code = "deployment_stopped"
    title = "The deployment is stopped"


class CallerRefused(Forbidden):
    code = "caller_refused"
    title = "The owner has narrowed who may call this model"


class CodeRefused(Forbidden):
    code = "code_refused"
    title = "What a model answers is not loaded into pages as code"


class ServeAddressInvalid(NotFound):
    code = "serve_address_invalid"
    title = "Not an address below /serve"


class ReplicaFailed(Unavailable):
    code = "replica_failed"
    title = "The model could not be started"


class TooManyReplicas(TooManyRequests):
    code = "too_many_replicas"
    title = "No room to start another model"


class BodySlow(ModelyardError):
    """The caller paused too long in the middle of its request (408)."""

    status = 408
    code = "body_slow"
    title = "The request did not arrive in time"


class BoxUnreachable(ModelyardError):
    """The box closed the connection or spoke nonsense (502)."""

    status = 502
    code = "box_unreachable"
    title = "The model did not answer properly"


class BoxGone(BoxUnreachable):
    """A kept connection was closed before anything of an answer came: the request may be sent again."""

    code = "box_gone"
    title = "The model's connection was closed"


class CallerGone(ModelyardError):
    """The caller went away before the answer was there (499, which nobody sees)."""

    status = 499
    code = "caller_gone"
    title = "The caller went away"


class BoxTimeout(ModelyardError):
    """The box did not begin to answer in time (504)."""

    status = 504
    code = "box_timeout"
    title = "The model did not answer in time"
