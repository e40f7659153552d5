"""Trainings as processes of their own: started, stopped and resumed. They go on when the studio ends.

What a training prints is kept in `.studio/RUN.txt` beside the runs.
"""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from honmono.errors import Refused
from honmono.runs.directory import RunDirectory
from honmono.runs.lock import is_held
from honmono.studio.folders import Folders
from honmono.studio.form import WrongField


STARTING = 15.0  # seconds in which a start may fail before it is answered
LAST_LINES = 12


class Trainings:
    """The trainings that this studio has started, and those that it finds."""

    def __init__(self, folders: Folders) -> None:
        self._folders, self._started = folders, dict[str, subprocess.Popen[bytes]]()
        self._lock = threading.Lock()

    def start(self, recipe: str, words: list[str]) -> str:
        """Starts `honmono train` with these words in a new run, and returns its name once it trains, or after a while.

        Raises `Refused` with the last line of a training that ends at once.
        """
        run = RunDirectory.create(self._folders.runs, recipe)
        name = run.path.name
        self._launch(name, [*words, "--run", str(run.path)])
        self._wait(run, lambda: RunDirectory.is_run(run.path))
        return name

    def starting(self) -> dict[str, bool]:
        """The trainings that have not made their run yet, and whether each may still do so.

        What one leaves that has ended is removed: an empty directory.
        """
        found = {name: self._process(name) is not None for name in list(self._started)}
        missing = {name: on for name, on in found.items() if not RunDirectory.is_run(self._folders.runs / name)}
        for name in (name for name, on in missing.items() if not on):
            shutil.rmtree(self._folders.runs / name, ignore_errors=True)
        return missing

    def resume(self, name: str, steps: int | None) -> None:
        """Resumes a run, up to another step where one is given. Raises `Refused` where nothing would be trained."""
        run = self._folders.run(name)
        if self.trains(run):
            raise Refused(f"{name} is training now: stop it first")
        saved = max(run.checkpoint_steps(), default=0)
        if saved >= (steps or planned_steps(run)):
            raise WrongField("steps", f"{name} has been trained up to step {saved:,}: give a later one to go on")
        self._launch(name, ["--resume", str(run.path), *(["--steps", str(steps)] if steps else [])])
        self._wait(run, lambda: is_held(run))

    def stop(self, name: str) -> None:
        """Stops a training as Ctrl-C does: it saves its state and ends. One that has no run yet just ends."""
        process = self._process(name)
        run = RunDirectory(self._folders.runs / name) if process else self._folders.run(name)
        number = process.pid if process else holder(run)
        if number is None:
            reason = "its process cannot be found: stop it where it was started" if is_held(run) else "is not training"
            raise Refused(f"{name} {reason}")
        try:
            os.kill(number, signal.SIGINT if RunDirectory.is_run(run.path) else signal.SIGTERM)
        except OSError as error:
            raise Refused(f"{name} cannot be stopped: {error.strerror}") from error

    def trains(self, run: RunDirectory) -> bool:
        """Whether a process trains the run, or is about to."""
        with self._lock:  # two visitors at once would each take the other's look at the lock for a training
            return self._process(run.path.name) is not None or is_held(run)

    def said(self, name: str) -> str:
        """The last lines that a training printed; "" where it was not started here."""
        try:
            text = self._log(name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-LAST_LINES:])

    def _launch(self, name: str, words: list[str]) -> None:
        log = self._log(name)
        log.parent.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "honmono", "train", *words]
        with open(log, "ab") as file:
            file.write(f"$ {as_typed(words)}\n".encode())
            file.flush()
            # A session of its own: neither Ctrl-C in the studio's terminal nor the terminal's end reaches it.
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
            )
        self._started[name] = process
        # Waited for in the background, so that no zombie stays where nobody asks for its end.
        threading.Thread(target=process.wait, daemon=True).start()

    def _wait(self, run: RunDirectory, begun: Callable[[], bool]) -> None:
        """Returns once the training has begun, or is still about to after a while. Raises `Refused` where it ended."""
        process, until = self._started[run.path.name], time.monotonic() + STARTING
        while time.monotonic() < until and not begun():
            if process.poll() is not None:
                if process.returncode == 0:
                    return
                self.starting()
                lines = self.said(run.path.name).splitlines() or ["it said nothing"]
                raise Refused(f"the training ended at once: {lines[-1].removeprefix('honmono: ')}")
            time.sleep(0.1)

    def _process(self, name: str) -> "subprocess.Popen[bytes] | None":
        """The running process that this studio started for a run."""
        process = self._started.get(name)
        return process if process is not None and process.poll() is None else None

    def _log(self, name: str) -> Path:
        return self._folders.runs / ".studio" / f"{name}.txt"


def planned_steps(run: RunDirectory) -> int:
    """The steps of a run's recipe. Raises `Refused` where honmono did not write it."""
    try:
        return int(json.loads(run.recipe_json.read_text(encoding="utf-8"))["recipe"]["training"]["steps"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{run.recipe_json} was not written by honmono ({error})") from error


def as_typed(words: list[str]) -> str:
    """The command as one would type it."""
    return shlex.join(["honmono", "train", *words])


def holder(run: RunDirectory) -> int | None:
    """The number of the process that holds a run's lock, where the system says so (Linux); of one's own processes."""
    lock = str((run.path / ".lock").resolve())
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            locked = os.readlink(link) == lock and "FLOCK" in (link.parents[1] / "fdinfo" / link.name).read_text()
        except OSError:  # another user's, or ended meanwhile
            continue
        if locked and int(link.parts[2]) != os.getpid():
            return int(link.parts[2])
    return None
