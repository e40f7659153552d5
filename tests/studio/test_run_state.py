"""A run as a page shows it: its state and how far it is."""

from honmono.runs.lock import hold
from honmono.runs.log import Log
from honmono.studio.folders import Folders
from honmono.studio.run_state import card
from honmono.studio.trainings import Trainings


def test_a_training_is_as_far_as_its_log(folders: Folders) -> None:
    """Pictures and checkpoints may be thousands of steps apart."""
    run, trainings = folders.run("00002-dcgan-digits"), Trainings(folders)
    with Log(run) as log:
        log.append([{"step": 9, "images": 900}])
    assert card(run, trainings).step == 2, "a training that was killed goes on from its checkpoint"
    with hold(run):
        running = card(run, trainings)
        assert (running.state, running.step) == ("training", 9)
    assert card(run, trainings).state == "stopped"
