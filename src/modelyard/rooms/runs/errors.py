"""What can go wrong when something is executed."""

from modelyard.kit.errors import Conflict, Invalid, NotFound, Unavailable


class ContainerMissing(NotFound):
    code = "container_missing"
    title = "The engine knows no such container"


class ContainerExists(Conflict):
    code = "container_exists"
    title = "A container of this name exists already"


class EngineUnavailable(Unavailable):
    code = "engine_unavailable"
    title = "The engine cannot be reached"


class EngineRefused(Invalid):
    code = "engine_refused"
    title = "The engine cannot run this container"


class IsolationTooWeak(Unavailable):
    code = "isolation_too_weak"
    title = "This machine may not execute the code of this account"


class RunMissing(NotFound):
    code = "run_missing"
    title = "There is no such run"


class OutputMissing(NotFound):
    code = "output_missing"
    title = "The run left no such file"


class OutputRefused(Invalid):
    code = "output_refused"
    title = "What the run left cannot be kept"


class InputGone(Invalid):
    code = "input_gone"
    title = "An input of the run is not there any more"


class RunStateInvalid(Conflict):
    code = "run_state_invalid"
    title = "The run is not in a state that allows this"


class RunTooLarge(Invalid):
    code = "run_too_large"
    title = "No runner has room for this run"


class AttemptOutdated(Conflict):
    code = "attempt_outdated"
    title = "A later attempt of this run has taken over"
