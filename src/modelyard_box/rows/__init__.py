"""The rows of a batch prediction: read from files, predicted, written as one table. Nothing is held as a whole."""
