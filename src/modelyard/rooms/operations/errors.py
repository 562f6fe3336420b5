"""What can go wrong when a run is asked for."""

from modelyard.kit.errors import Conflict, Invalid


class NotRunnable(Invalid):
    code = "not_runnable"
    title = "This version takes no runs"


class ParametersInvalid(Invalid):
    code = "parameters_invalid"
    title = "The parameters do not fit the form"


class InputsInvalid(Invalid):
    code = "inputs_invalid"
    title = "The inputs do not fit the form"


class NothingToKeep(Invalid):
    code = "nothing_to_keep"
    title = "There is nothing that can become a version of this dataset"


class RunNotOver(Conflict):
    code = "run_not_over"
    title = "The run has not ended"
