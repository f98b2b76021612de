"""`flinkmock ctl cluster`, `health` and `version`."""

from __future__ import annotations

from flinkmock.cli.ctl.action import Actions
from flinkmock.cli.ctl.scenario import (
    add_file_argument,
    add_scenario_options,
    file_in_messages,
    scenario_query,
    scenario_text,
)
from flinkmock.cli.ctl.session import Session


def configure(actions: Actions) -> None:
    cluster = actions.group(
        "cluster",
        "Create, list and delete additional clusters in the same process",
        example="create orders.yaml --clock virtual",
    )
    create_parser = cluster.add(
        "create",
        create,
        "Create a cluster on a free port and print its id and URL",
        example="orders.yaml --clock virtual",
    )
    add_file_argument(create_parser, nargs="?")
    add_scenario_options(create_parser)
    create_parser.add_argument(
        "--idle-timeout",
        default="10m",
        metavar="DURATION",
        help="delete the cluster after this wall-clock time without a request; never: keep it; default: %(default)s",
    )
    cluster.add("list", list_clusters, "List the clusters that `create` created")
    delete_parser = cluster.add("delete", delete, "Delete a cluster that `create` created", example="c1")
    delete_parser.add_argument("id", metavar="ID", help="the id that `cluster create` printed")
    actions.add("health", check_health, "Check that the cluster responds")
    actions.add("version", show_version, "Print the versions of flinkmock and of the served Flink, and the URLs")


def create(session: Session) -> None:
    text = None if session.args.file is None else scenario_text(session)
    query = {**scenario_query(session), "idle-timeout": session.args.idle_timeout}
    with file_in_messages(session):
        response = session.client.request("POST", "clusters", yaml=text, query=query)
    session.show(response, f"{response['id']}  {response['url']}  Flink {response['flink']}")


def list_clusters(session: Session) -> None:
    response = session.client.request("GET", "clusters")
    rows = [[cluster["id"], cluster["url"], cluster["flink"]] for cluster in response["clusters"]]
    session.show_rows(response, ("cluster", "url", "flink"), rows, "There are no additional clusters.")


def delete(session: Session) -> None:
    session.client.request("DELETE", "clusters", session.args.id)
    session.show({"id": session.args.id}, f"{session.args.id} is deleted")


def check_health(session: Session) -> None:
    response = session.client.request("GET", "health")
    session.show(response, response["status"])


def show_version(session: Session) -> None:
    response = session.client.request("GET", "version")
    urls = ", ".join(response["urls"])
    session.show(response, f"flinkmock {response['flinkmock']}, Flink {response['flink']} at {urls}")
