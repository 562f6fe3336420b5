"""``modelyard list`` and ``show``."""

from typing import Annotated, Any
from urllib.parse import urljoin

import typer

from modelyard.apps.cli.addresses import Address, read_address
from modelyard.apps.cli.inputs import describe_input
from modelyard.apps.cli.options import AsJson, VersionArgument, connected
from modelyard.apps.cli.output import moment_of, print_facts, print_json, print_table, results, size_of
from modelyard_client import Client, Missing
from modelyard_client.answers import Deployment, Repository, Version

VERSIONS_SHOWN = 10


def list_(
    text: Annotated[str | None, typer.Argument(help="Looked for in name, title, description and tags.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    kind: Annotated[str | None, typer.Option(help="model, dataset or operation.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the repositories that you may read, newest first."""
    with connected() as client:
        found = client.list_repositories(q=text, owner=owner, kind=kind, limit=limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (f"{r['owner']}/{r['name']}", r["kind"], r["visibility"], moment_of(r["updated_at"]), r["title"]) for r in found
    ]
    print_table(("repository", "kind", "visibility", "changed", "title"), rows)


def search(
    text: Annotated[str, typer.Argument(help="Words; all must be there, the last one may be cut.")],
    owner: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    kind: Annotated[str | None, typer.Option(help="model, dataset or operation.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="With this tag; may be given again.")] = None,
    data_type: Annotated[list[str] | None, typer.Option(help="Of this kind of data, such as image.")] = None,
    sort: Annotated[str | None, typer.Option(help="relevance, recent, stars, downloads or rating.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Search the repositories that you may read: names, titles, tags, descriptions and cards."""
    with connected() as client:
        found = client.search(
            text, owner=owner, kind=kind, tag=tag or None, data_type=data_type or None, sort=sort, limit=limit
        )
    if as_json:
        print_json(found)
        return
    rows = [
        (f"{r['owner']}/{r['name']}", r["kind"], r["stars"], r["downloads"], _rating(r["rating"]), r["title"])
        for r in found
    ]
    print_table(("repository", "kind", "stars", "downloads", "rating", "title"), rows)


def _rating(rating: float | None) -> str:
    return f"{rating:.1f}" if rating is not None else ""


def show(address: VersionArgument, as_json: AsJson = False) -> None:
    """Show a repository with its versions and deployment, or one version with its inputs."""
    with connected() as client:
        wanted = read_address(client, address)
        if wanted.version is not None:
            _show_version(wanted, client.get_version(wanted.repository, wanted.version), as_json=as_json)
            return
        repository = client.get_repository(wanted.repository)
        versions = client.list_versions(wanted.repository, limit=VERSIONS_SHOWN)
        deployment = _deployment(client, wanted.repository)
    if as_json:
        print_json({"repository": repository, "versions": versions, "deployment": deployment})
    else:
        _show_repository(client.url, repository, versions, deployment)


def _deployment(client: Client, repository: str) -> Deployment | None:
    try:
        return client.get_deployment(repository)
    except Missing:
        return None


def _show_repository(
    server: str, repository: Repository, versions: list[Version], deployment: Deployment | None
) -> None:
    facts: list[tuple[str, Any]] = [
        ("repository", f"{repository['owner']}/{repository['name']}"),
        ("title", repository["title"]),
        ("kind", repository["kind"]),
        ("visibility", repository["visibility"]),
        ("tags", repository["tags"]),
        ("about", repository["description"][:300]),
    ]
    if deployment:
        facts += [("serves", f"{a['alias']}: v{a['answering']}") for a in deployment["aliases"]]
        facts += [("state", deployment["wanted"]), ("address", urljoin(server, deployment["url"]))]
    print_facts(facts)
    if versions:
        results.print()
        rows = [
            (f"v{v['number']}", v["state"], moment_of(v["created_at"]), v["pushed_by"], v["message"]) for v in versions
        ]
        print_table(("version", "state", "pushed", "by", "message"), rows)


def _show_version(address: Address, version: Version, *, as_json: bool) -> None:
    if as_json:
        print_json(version)
        return
    image = version["image"]
    print_facts(
        [
            ("version", str(address)),
            ("state", version["state"]),
            ("reason", version["reason"]),
            ("remedy", version["remedy"]),
            ("message", version["message"]),
            ("pushed", f"{moment_of(version['created_at'])} by {version['pushed_by']}"),
            ("target", version["target"]),
            ("platforms", version["platforms"]),
            ("image", f"{image['digest']} ({size_of(image['size'])})" if image else None),
            *(("input", _input(name, schema)) for name, schema in _inputs(version).items()),
            ("contents", _contents(version)),
            *(("note", note) for note in version["notes"]),
        ]
    )


def _inputs(version: Version) -> dict[str, Any]:
    """By name; a dataset has none."""
    return dict(version["signature"].get("inputs", {}).get("properties", {}))


def _contents(version: Version) -> str | None:
    held = version.get("contents")
    return f"{held['files']} files, {size_of(held['size'])}" if held else None


def _input(name: str, schema: dict[str, Any]) -> str:
    about = schema.get("description", "")
    return f"{describe_input(name, schema)} {about}".rstrip()
