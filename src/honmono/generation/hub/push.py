"""`honmono push`: a model with its card to the Hugging Face hub."""

import tempfile
from pathlib import Path
from typing import Any

from honmono.errors import Failed, Refused
from honmono.generation.hub.download import hub_library, reason
from honmono.generation.hub.facts import Facts, facts_of
from honmono.generation.hub.names import PREFIX, checked_repository
from honmono.generation.hub.saved import check_license, write_model
from honmono.generation.load import TrainedRun, loaded


def push(run: str | Path | TrainedRun, name: str, *, license: str | None = None, private: bool = False) -> str:
    """Publishes a run's generator with a card, as one commit, and returns the commit's address.

    run: a run or its directory, then with its newest checkpoint.
    name: OWNER/NAME on the hub; what is not there is created, and files of the same names get a new version.
    license: of the model, an identifier of the hub such as "mit". Must be given where honmono does not know the
        license of the data, as of your pictures.
    private: only you and your organisation can see it.
    Raises `Refused` before anything is sent, `Failed` where the hub does not take it.
    """
    name = checked_repository(name.removeprefix(PREFIX))
    check_license(license)
    library = hub_library()
    if library.constants.HF_HUB_OFFLINE:
        raise Refused("HF_HUB_OFFLINE is set, and a push needs the network: unset it")
    trained = loaded(run, device="cpu")
    facts = facts_of(trained)
    _refuse_unlicensed(facts, license)
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "model"
        write_model(trained, folder, f"{PREFIX}{name}", facts, license)
        try:
            return _send(library, folder, name, private, f"{trained.name}, step {trained.step:,}")
        except Refused:
            raise
        except Exception as error:  # the library raises errors of several families, for each of its versions others
            raise _explained(name, error) from error


def _refuse_unlicensed(facts: Facts, license: str | None) -> None:
    if license is None and facts.license is None:
        raise Refused(
            f"honmono does not know the license of the data ({facts.data}): find out what it allows, and name the"
            " model's license with --license, as in --license cc-by-4.0"
        )


def _send(library: Any, folder: Path, name: str, private: bool, what: str) -> str:
    hub = library.HfApi(library_name="honmono")
    hub.create_repo(name, exist_ok=True, **({"private": True} if private else {}))
    if private and not hub.model_info(name).private:
        raise Refused(f"{name} exists and is public: omit --private, give another name, or make it private on its page")
    files = [library.CommitOperationAdd(path.name, str(path)) for path in sorted(folder.iterdir())]
    return str(hub.create_commit(name, files, commit_message=f"Add {what}").commit_url)


def _explained(name: str, error: Exception) -> Failed:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return Failed(
            f"the hub does not let you write to {name}: run `hf auth login`, or set HF_TOKEN to a token that may write"
        )
    return Failed(f"{name} was not published ({reason(error)}): correct that, or check the network and try again")
