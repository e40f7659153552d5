"""What the server counts, as text in Prometheus's exposition format."""

import math
import threading
from collections import Counter
from collections.abc import Iterator


SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # upper bounds of the histogram
MOST_SECONDS = 60  # until a client may ask again


class Counters:
    """Requests by status, their seconds, and the forwards that made their samples."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: Counter[int] = Counter()
        self._within: Counter[float] = Counter()
        self._request_seconds = self._forward_seconds = 0.0
        self._begun = self._batches = self._samples = 0

    def begin(self) -> None:
        """Counts a request whose answer is not made yet."""
        with self._lock:
            self._begun += 1

    def end(self, status: int, seconds: float) -> None:
        """Counts its answer."""
        with self._lock:
            self._begun -= 1
            self._statuses[status] += 1
            self._request_seconds += seconds
            self._within.update(bound for bound in SECONDS if seconds <= bound)

    def batch(self, samples: int, seconds: float) -> None:
        """Counts the samples that were made together."""
        with self._lock:
            self._batches += 1
            self._samples += samples
            self._forward_seconds += seconds

    def seconds_for(self, samples: int) -> int:
        """How many seconds samples will take, judged by those made before: whole ones, 1 to 60."""
        each = self._forward_seconds / self._samples if self._samples else 0
        return min(max(math.ceil(samples * each), 1), MOST_SECONDS)

    def text(self, waiting: int) -> str:
        """All counts. waiting: samples in the queue."""
        with self._lock:
            return "\n".join(
                [*self._of_requests(), *self._of_batches(), *_one("waiting_samples", "gauge", waiting), ""]
            )

    def _of_requests(self) -> Iterator[str]:
        yield from _one("requests_in_progress", "gauge", self._begun)
        yield "# TYPE honmono_requests_total counter"
        yield from (f'honmono_requests_total{{status="{one}"}} {self._statuses[one]}' for one in sorted(self._statuses))
        yield "# TYPE honmono_request_seconds histogram"
        yield from (f'honmono_request_seconds_bucket{{le="{bound}"}} {self._within[bound]}' for bound in SECONDS)
        yield f'honmono_request_seconds_bucket{{le="+Inf"}} {self._statuses.total()}'
        yield f"honmono_request_seconds_sum {self._request_seconds:.6f}"
        yield f"honmono_request_seconds_count {self._statuses.total()}"

    def _of_batches(self) -> Iterator[str]:
        yield from _one("batches_total", "counter", self._batches)
        yield from _one("samples_total", "counter", self._samples)
        yield from _one("batch_seconds_total", "counter", round(self._forward_seconds, 6))


def _one(name: str, kind: str, value: float) -> tuple[str, str]:
    return f"# TYPE honmono_{name} {kind}", f"honmono_{name} {value}"
