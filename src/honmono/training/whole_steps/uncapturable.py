"""Why a step cannot be one compiled function."""

from honmono.errors import Refused


class Uncapturable(Refused):
    """A recipe whose step cannot be one compiled function; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"--compile step: this recipe's step cannot be one function: {reason}; use --compile losses")
        self.reason = reason
