"""``modelyard members`` and ``orgs``: who belongs to a repository or an organisation."""

from typing import Annotated

import typer

from modelyard.apps.cli.options import AsJson, connected
from modelyard.apps.cli.output import moment_of, print_json, print_table, results, say

members = typer.Typer(no_args_is_help=True, help="Who belongs to a repository or an organisation.")
orgs = typer.Typer(no_args_is_help=True, help="Organisations: accounts that people belong to.")

Place = Annotated[str, typer.Argument(metavar="PLACE", help="A repository OWNER/NAME, or the name of an organisation.")]
Person = Annotated[str, typer.Argument(metavar="USER", help="A user name.")]
Role = Annotated[str, typer.Option(help="reader, contributor, maintainer or owner.")]


@members.command("list")
def list_members(place: Place, as_json: AsJson = False) -> None:
    """List members and what they are."""
    with connected() as client:
        found = client.members.list_all(place)
    if as_json:
        print_json(found)
        return
    rows = [
        (one["username"], one["role"], moment_of(one["expires_at"]) if one["expires_at"] else "", one["through"] or "")
        for one in found
    ]
    print_table(("user name", "role", "until", "through"), rows)


@members.command()
def invite(
    place: Place,
    user: Annotated[str | None, typer.Argument(metavar="[USER]", help="Absent: makes a link that works once.")] = None,
    role: Role = "reader",
    days: Annotated[int, typer.Option(min=1, max=90, help="How long it can be accepted.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Invite somebody by name, or make a link."""
    with connected() as client:
        made = client.members.invite(place, user, role=role, expires_in_days=days)
    if as_json:
        print_json(made)
    elif made.get("url"):
        say("Send this to one person; it is shown only now:")
        results.print(made["url"])
    else:
        say(f"{user} was invited to {place} as {role}.")


@members.command()
def change(place: Place, user: Person, role: Role, as_json: AsJson = False) -> None:
    """Give a member another role, for good."""
    with connected() as client:
        changed = client.members.change(place, user, role=role)
    if as_json:
        print_json(changed)
    else:
        say(f"{user} is {changed['role']} of {place} now.")


@members.command()
def remove(place: Place, user: Person) -> None:
    """Remove a member, or leave."""
    with connected() as client:
        client.members.remove(place, user)
    say(f"{user} does not belong to {place} any more.")


@members.command()
def invitations(as_json: AsJson = False) -> None:
    """List what you are invited to."""
    with connected() as client:
        found = client.members.list_invitations()
    if as_json:
        print_json(found)
        return
    rows = [(one["id"], one["repository"] or one["organisation"], one["role"], one["invited_by"]) for one in found]
    print_table(("id", "to", "as", "by"), rows)


@members.command()
def accept(
    invitation: Annotated[str, typer.Argument(metavar="ID", help="See `modelyard members invitations`.")],
) -> None:
    """Accept an invitation."""
    with connected() as client:
        accepted = client.members.accept(invitation)
    say(f"You belong to {accepted['repository'] or accepted['organisation']} as {accepted['role']}.")


@members.command()
def transfer(
    repository: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository.")],
    to: Annotated[str, typer.Argument(metavar="TO", help="The account or organisation that is to own it.")],
    as_json: AsJson = False,
) -> None:
    """Give a repository to another account: at once where you may create there, else when it is accepted."""
    with connected() as client:
        result = client.members.transfer(repository, to)
    if as_json:
        print_json(result)
    elif result["repository"]:
        say(f"{repository} is {to}/{result['repository']['name']} now.")
    else:
        say(f"{repository} was offered to {to}.")


@orgs.command("list")
def list_organisations(as_json: AsJson = False) -> None:
    """List the organisations that you belong to."""
    with connected() as client:
        found = client.members.list_organisations()
    if as_json:
        print_json(found)
    else:
        print_table(("name", "shown as", "you are"), [(o["username"], o["display_name"], o["role"]) for o in found])


@orgs.command("create")
def create_organisation(
    name: str, display_name: Annotated[str, typer.Option(help="How others see it.")] = "", as_json: AsJson = False
) -> None:
    """Make an organisation, which you own."""
    with connected() as client:
        made = client.members.create_organisation(name, display_name=display_name)
    if as_json:
        print_json(made)
    else:
        say(f"Made the organisation {made['username']}; push to it with `modelyard push … {made['username']}/NAME`.")


@orgs.command("delete")
def delete_organisation(name: str) -> None:
    """Delete an organisation without repositories; its name is not given again."""
    with connected() as client:
        client.members.delete_organisation(name)
    say(f"{name} is gone.")
