"""A trained run behind HTTP: `ask` is a request, `batcher` makes its samples, `app` answers, `serve` is the server."""
