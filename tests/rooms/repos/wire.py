"""The real git, for tests of what Git clients do."""

import os
import subprocess
from pathlib import Path

from rooms.versions.tiny import Author
from support.programs import need


def git(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The real git, with a home of the test's own and nobody to ask."""
    return subprocess.run(
        [need("git", package="git"), *arguments],
        cwd=cwd,
        env=git_environment(cwd) | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def git_environment(cwd: Path) -> dict[str, str]:
    """What git sees of this machine: its programs, and a home of the test's own."""
    home = next((h for folder in (cwd, cwd.parent) if (h := folder / "git-home").is_dir()), cwd / "git-home")
    home.mkdir(exist_ok=True)
    name = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in PERSON.items()}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
    } | name


PERSON = {"NAME": "Ada", "EMAIL": "ada@example.org"}


def url(me: Author, *, user: str = "", password: str = "") -> str:
    credentials = f"{user}:{password}@" if password else ""
    return f"{me.server.url.replace('://', '://' + credentials)}/{me.address}.git"


def clone(me: Author, folder: Path, name: str = "clone", *options: str) -> Path:
    """A clone by the repository's owner."""
    address = url(me, user=me.username, password=me.token)
    done = git("clone", "-q", *options, address, name, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / name


def write_commit(clone: Path, files: dict[str, str | bytes], message: str = "change") -> str:
    """Commits these files in a clone; returns the commit's id."""
    for name, content in files.items():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_bytes(content.encode() if isinstance(content, str) else content)
    done = git("add", "-A", cwd=clone)
    assert done.returncode == 0, done.stderr
    done = git("commit", "-q", "--allow-empty", "-m", message, cwd=clone)
    assert done.returncode == 0, done.stderr
    return head(clone)


def head(clone: Path) -> str:
    return git("rev-parse", "HEAD", cwd=clone).stdout.strip()
