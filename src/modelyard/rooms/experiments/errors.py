"""What can go wrong with experiments."""

from modelyard.kit.errors import Conflict, Invalid, NotFound


class ExperimentMissing(NotFound):
    code = "experiment_missing"
    title = "There is no such experiment"


class ExperimentExists(Conflict):
    code = "experiment_exists"
    title = "There is an experiment of this name already"


class NotInExperiment(Invalid):
    code = "not_in_experiment"
    title = "The run is not one of this experiment"


class PromotionRefused(Invalid):
    code = "promotion_refused"
    title = "What the run left cannot become a model"
