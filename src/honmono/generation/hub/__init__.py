"""Models that travel: a folder of weights, configuration and card, sent to the Hugging Face hub and read from it."""
