"""What is called: services and notifiers, looked at without calling them."""

from __future__ import annotations

import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from os import PathLike
from pathlib import Path

from checkpoints.contract.needs import Host, Needs, Program
from checkpoints.doctor.asking import Question
from checkpoints.doctor.finding import Finding, ok, problem, told

SECONDS = 5.0
"""How long a host, or whoever gives a token, is waited for."""

SERVICES, NOTIFIERS = "services", "notifiers"

Look = Callable[[], Iterator[Finding]]


def questions(area: str, name: str, place: str, needs: Needs) -> list[Question]:
    """What must be there for a service or notifier, each asked by itself.

    ``place`` is where it stands in the contract.
    """
    looks: list[tuple[Look, str]] = [(lambda: _known(area, name, needs), "try again")]
    if host := needs.host:
        advice = f"see whether a firewall is on the way to {host.shown}, or correct {place}"
        looks.append((lambda: _connected(area, name, place, host), advice))
    if program := needs.program:
        looks.append((lambda: _started(area, name, place, program), "try again"))
    if fetch := needs.credentials:
        looks.append((lambda: _credentials(area, name, fetch), CREDENTIALS))
    return [Question(area, look, SECONDS, advice, f"{name!r}: ") for look, advice in looks]


CREDENTIALS = "see gcloud auth list, or the service account of this machine"


def _known(area: str, name: str, needs: Needs) -> Iterator[Finding]:
    for message in needs.problems:
        yield told(area, f"{name!r}: {message}")
    if not (needs.problems or needs.host or needs.program or needs.credentials):
        yield ok(area, f"{name!r}: its variables are set")


def _credentials(area: str, name: str, fetch: Callable[[], object]) -> Iterator[Finding]:
    fetch()
    yield ok(area, f"{name!r}: its token can be had")


def _connected(area: str, name: str, place: str, host: Host) -> Iterator[Finding]:
    """A connection is opened and closed again; nothing is sent but what begins TLS."""
    at = f"{name!r}: {host.shown}"
    correct = f"correct {place} in the contract"
    try:
        _connect(host)
    except socket.gaierror as error:
        what = f"{at}: no address is known for that name ({error.strerror})"
        yield problem(area, what, f"{correct}, or see whether this machine's DNS works")
    except ConnectionRefusedError:
        yield problem(area, f"{at}: nothing listens there", f"start the service, or {correct}")
    except TimeoutError:
        what = f"{at}: does not answer within {SECONDS:g} s"
        yield problem(area, what, f"see whether a firewall is on the way, or {correct}")
    except ssl.SSLCertVerificationError as error:
        what = f"{at}: its certificate is not accepted ({error.verify_message})"
        remedy = "renew it, or name the file of your authority: export REQUESTS_CA_BUNDLE=…"
        yield problem(area, what, remedy)
    except ssl.SSLError as error:
        yield problem(area, f"{at}: does not speak TLS ({error.reason})", correct)
    except OSError as error:
        yield problem(area, f"{at}: cannot be reached ({error.strerror or error})", correct)
    else:
        yield ok(area, f"{at} takes connections{', by TLS' if host.tls else ''}")


def _connect(host: Host) -> None:
    with socket.create_connection((host.name, host.port), timeout=SECONDS) as plain:
        if host.tls:
            with _trusting(host.trusted).wrap_socket(plain, server_hostname=host.name):
                pass


def _trusting(trusted: str) -> ssl.SSLContext:
    """The authorities of a file or folder, or those that requests come with."""
    from certifi import where  # only where a service is called by TLS

    path = trusted or where()
    is_folder = Path(path).is_dir()
    return ssl.create_default_context(
        cafile=None if is_folder else path, capath=path if is_folder else None
    )


def _started(area: str, name: str, place: str, program: Program) -> Iterator[Finding]:
    """A program with a slash in it is looked for in its folder, any other in PATH."""
    word: str | PathLike[str] = program.word
    if "/" in program.word:
        word = Path(program.folder) / program.word
    if found := shutil.which(word, path=program.path):
        yield ok(area, f"{name!r}: {program.word!r} is {found}")
        return
    if "/" not in program.word:
        what = f"{name!r}: there is no program {program.word!r} in PATH"
        yield problem(area, what, f"install it, or correct {place} in the contract")
    elif Path(word).is_file():
        yield problem(area, f"{name!r}: {str(word)!r} may not be run", f"chmod +x {word}")
    else:
        what = f"{name!r}: there is no program {str(word)!r}"
        yield problem(area, what, f"make it, or correct {place} in the contract")
