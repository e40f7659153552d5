"""The command `honmono`: one verb per file. Large packages are imported only when a verb runs."""

import importlib.metadata
import io
import os
import sys
import warnings
from typing import Annotated

import typer
from typer.exceptions import TyperException

from honmono.cli import (
    bench,
    compare,
    data,
    directions,
    env,
    evaluate,
    export,
    interpolate,
    mix,
    plot,
    project,
    push,
    sample,
    serve,
    show,
    studio,
    study,
    train,
    tune,
)
from honmono.cli.list import list_recipes
from honmono.errors import Failed, Interrupted, Refused


app = typer.Typer(
    name="honmono",
    help="Generative adversarial networks: each one readable file, trained fast, measured honestly, resumed exactly.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def show_version(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        print(importlib.metadata.version("honmono"))
        raise typer.Exit


app.command("list")(list_recipes)
app.command("show")(show.show)
app.command("train")(train.train)
app.command("sample")(sample.sample)
app.command("serve")(serve.serve)
app.command("studio")(studio.studio)
app.command("interpolate")(interpolate.interpolate)
app.command("export")(export.export)
app.command("push")(push.push)
app.command("directions")(directions.directions)
app.command("project")(project.project)
app.command("mix")(mix.mix)
app.command("evaluate")(evaluate.evaluate)
app.command("compare")(compare.compare)
app.command("plot")(plot.plot)
app.command("study")(study.study)
app.add_typer(data.app, name="data")
app.command("bench")(bench.bench)
app.command("tune")(tune.tune)
app.command("env")(env.env)


def main() -> None:
    """Runs the command line. Invalid calls exit with 2, failures with 1, each with a line on standard error."""
    # Waiting threads of GNU's OpenMP spin for milliseconds by default: on two busy cores a step of dcgan-digits took
    # ten times as long. Without spinning (OMP_WAIT_POLICY=PASSIVE) it took twice as long on idle cores.
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    _escape_unencodable()
    warnings.showwarning = lambda message, *_: _warn(str(message))
    try:
        status = app(sys.argv[1:] or ["--help"], prog_name="honmono", standalone_mode=False)
        sys.stdout.flush()
    except Refused as refusal:
        status = _say(str(refusal), 2)
    except Failed as failure:
        status = _say(str(failure), 1)
    except Interrupted as interrupted:
        status = _say(str(interrupted), interrupted.code) if str(interrupted) else interrupted.code
    except TyperException as error:
        context = getattr(error, "ctx", None)
        more = f" (see {context.command_path} --help)" if context else ""
        status = _say(f"{error.format_message()}{more}", error.exit_code)
    except (
        BrokenPipeError,
        SystemExit,
    ) as left:  # the reader of our output, as `head`, has ended; Typer raises SystemExit
        if not isinstance(left.__context__ if isinstance(left, SystemExit) else left, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except OSError as error:
        status = _say(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "), 1)
    sys.exit(status if isinstance(status, int) else 0)


def _escape_unencodable() -> None:
    r"""Makes output streams escape characters that their encoding lacks, as `\u672c`, instead of raising."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def _warn(message: str) -> None:
    print(f"honmono: warning: {' '.join(message.split())}", file=sys.stderr)


def _say(message: str, status: int) -> int:
    print(f"honmono: {' '.join(message.split())}", file=sys.stderr)
    return status
