"""What can go wrong with predictions."""

from modelyard.kit.errors import NotFound


class PredictionMissing(NotFound):
    code = "prediction_missing"
    title = "No such prediction"
