"""`flinkmock ctl taskmanager`, `leader` and `signal`."""

from __future__ import annotations

from flinkmock.cli.ctl.action import Actions
from flinkmock.cli.ctl.session import Session


def configure(actions: Actions) -> None:
    taskmanager = actions.group("taskmanager", "List, add and lose TaskManagers", example="lose")
    taskmanager.add("list", list_taskmanagers, "List the registered TaskManagers")
    taskmanager.add("join", join_taskmanager, "Register one more TaskManager")
    lose_parser = taskmanager.add("lose", lose_taskmanager, "Remove a TaskManager as if its process had crashed")
    lose_parser.add_argument(
        "id", nargs="?", metavar="ID", help="the id of a TaskManager; default: the one that registered first"
    )
    leader = actions.group("leader", "Show or crash the leader", example="crash --for 10s")
    leader.add("show", show_leader, "Print which JobManager is the leader")
    crash_parser = leader.add("crash", crash_leader, "Crash the leader", example="--for 10s")
    crash_parser.add_argument(
        "--for",
        dest="duration",
        default="5s",
        metavar="DURATION",
        help="the time until the next leader is elected; default: %(default)s",
    )
    signal_parser = actions.add(
        "signal", send_or_list_signals, "Send a signal; without a name, list the signals", example="go"
    )
    signal_parser.add_argument("name", nargs="?", metavar="NAME", help="the name of the signal in the scenario")


def list_taskmanagers(session: Session) -> None:
    response = session.client.request("GET", "taskmanagers")
    ids = [taskmanager["id"] for taskmanager in response["taskmanagers"]]
    session.show(response, "\n".join(ids) or "No TaskManager is registered.")


def join_taskmanager(session: Session) -> None:
    response = session.client.request("POST", "taskmanagers", "join")
    session.show(response, f"{response['id']} joins")


def lose_taskmanager(session: Session) -> None:
    body = {} if session.args.id is None else {"id": session.args.id}
    response = session.client.request("POST", "taskmanagers", "lose", body=body)
    session.show(response, f"{response['id']} is lost")


def show_leader(session: Session) -> None:
    _show_leader(session, session.client.request("GET", "leader"))


def crash_leader(session: Session) -> None:
    _show_leader(session, session.client.request("POST", "leader", "crash", body={"for": session.args.duration}))


def _show_leader(session: Session, response: dict[str, object]) -> None:
    leader = response["leader"]
    session.show(response, "No JobManager is the leader." if leader is None else f"JobManager {leader} is the leader")


def send_or_list_signals(session: Session) -> None:
    if session.args.name is not None:
        session.client.request("POST", "signals", session.args.name)
        session.show({"name": session.args.name}, f"Signal {session.args.name} is sent")
        return
    response = session.client.request("GET", "signals")
    rows = [[signal["name"], "yes" if signal["awaited"] else "no"] for signal in response["signals"]]
    session.show_rows(response, ("signal", "awaited"), rows, "No job or operation waits for a signal.")
