"""The studio: runs, samples, comparisons, points and data in a browser. `serve` starts it, `app` answers."""
