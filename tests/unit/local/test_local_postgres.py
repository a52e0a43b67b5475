import os
import signal
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from kindred.warehouse.database import connect
from local.failures import LocalError
from local.postgres import OWNER, SUPERUSER, EmbeddedServer, Listening
from local.processes import ProcessId, wait_until
from local.unprivileged import open_path, server_user

KEEPALIVE = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)


@pytest.fixture(scope="module")
def made_folder(tmp_path_factory):
    """A data folder that a server has made; making one takes longer than all else here."""
    server = EmbeddedServer(tmp_path_factory.mktemp("made") / "data")
    server.start()
    server.stop()
    return server.pgdata


@pytest.fixture
def new_server(tmp_path):
    """A server without a data folder."""
    server = EmbeddedServer(tmp_path / "data")
    yield server
    server.stop()


def copy(made_folder: Path, server: EmbeddedServer) -> None:
    """Give a server a data folder of its own."""
    subprocess.run(["cp", "-a", made_folder, server.pgdata], check=True)
    if server_user() is not None:
        open_path(server.pgdata)


@pytest.fixture
def own_server(made_folder, new_server):
    """A server that has not run yet, on a folder of its own."""
    copy(made_folder, new_server)
    return new_server


def query(server: EmbeddedServer, database: str, text: str) -> object:
    connection = psycopg2.connect(server.dsn(database))
    try:
        with connection.cursor() as cursor:
            cursor.execute(text)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def postmaster_of(server: EmbeddedServer) -> int:
    return int((server.pgdata / "postmaster.pid").read_text().split()[0])


def test_server_starts_stops_and_keeps_its_databases(new_server):
    assert not new_server.is_running
    new_server.start()
    new_server.start()
    new_server.create_database("shop")
    new_server.create_database("shop")
    assert query(new_server, "shop", "select current_database()") == "shop"
    new_server.stop()
    new_server.stop()
    assert not new_server.is_running
    new_server.start()
    assert query(new_server, "shop", "show timezone") == "UTC"
    new_server.drop_database("shop")
    new_server.drop_database("shop")
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(new_server.dsn("shop"))


def test_another_object_of_the_same_folder_finds_and_stops_the_server(own_server):
    own_server.start()
    other = EmbeddedServer(own_server.pgdata)
    assert other.is_running
    other.stop()
    assert not own_server.is_running


def test_server_listens_on_a_private_socket_only(own_server):
    own_server.start()
    assert query(own_server, "postgres", "show listen_addresses") == ""
    socket = own_server.socket_dir / ".s.PGSQL.5432"
    assert socket.stat().st_mode & 0o777 == 0o700


def test_pgvector_can_be_created(own_server):
    own_server.start()
    connection = psycopg2.connect(own_server.dsn("postgres"))
    with connection, connection.cursor() as cursor:
        cursor.execute("create extension vector")
        cursor.execute("select '[1,2]'::vector <-> '[1,4]'::vector")
        assert cursor.fetchone() == (2.0,)
    connection.close()


@pytest.mark.parametrize(
    ("name", "is_new"),
    [("with blanks, 100% and 'quotes'", True), ("x" * 120, False), ("comma,percent%", False)],
)
def test_any_path_serves_as_data_folder(tmp_path, made_folder, name, is_new):
    server = EmbeddedServer(tmp_path / name / "data")
    server.pgdata.parent.mkdir()
    if not is_new:
        copy(made_folder, server)
    try:
        server.start()
        assert server.socket_dir != server.pgdata
        assert query(server, "postgres", "select 1") == 1
    finally:
        server.stop()
    assert not server.socket_dir.exists()


def test_server_starts_again_after_its_postmaster_was_killed(own_server):
    own_server.start()
    own_server.create_database("kept")
    os.kill(postmaster_of(own_server), signal.SIGKILL)
    assert wait_until(lambda: not own_server.is_running, seconds=5)
    own_server.start()
    assert query(own_server, "kept", "select 1") == 1


def test_databases_of_an_earlier_version_are_handed_over(own_server):
    own_server.start()
    connection = psycopg2.connect(own_server.dsn("postgres"))
    connection.autocommit = True
    connection.cursor().execute("create database old")
    connection.close()
    with psycopg2.connect(own_server.dsn("old", SUPERUSER)) as connection:
        connection.cursor().execute(
            "create extension vector; create schema kindred; create domain kindred.key as bigint;"
            " create table kindred.kept (id serial, key kindred.key, part vector);"
            " create view kindred.seen as select * from kindred.kept;"
            " create function kindred.one() returns integer return 1;"
            " create table public.customers as select 7 as id"
        )
    connection.close()
    own_server.stop()
    own_server.start()
    assert query(own_server, "old", "select not rolsuper from pg_roles where rolname = user")
    assert query(own_server, "old", "select id from public.customers") == 7
    for statement in ("insert into kindred.kept values (default, 1, '[1]') returning id",):
        assert query(own_server, "old", statement) == 1
    with psycopg2.connect(own_server.dsn("old")) as connection:
        connection.cursor().execute("drop schema kindred cascade; drop table public.customers")
    connection.close()


def test_stop_cleans_up_after_a_killed_postmaster(own_server):
    own_server.start()
    os.kill(postmaster_of(own_server), signal.SIGKILL)
    own_server.stop()
    assert not (own_server.pgdata / "postmaster.pid").exists()


def test_a_stranger_with_the_recorded_pid_is_neither_taken_for_the_server_nor_ended(own_server):
    own_server.start()
    own_server.stop()
    (own_server.pgdata / "postmaster.pid").write_text(f"{os.getpid()}\n{own_server.pgdata}\n")
    assert not own_server.is_running
    own_server.start()
    assert query(own_server, "postgres", "select 1") == 1


def test_a_folder_that_initdb_left_unfinished_is_made_anew(new_server):
    aside = new_server.pgdata.with_name("data.new")
    for unfinished in (new_server.pgdata, aside):
        unfinished.mkdir()
        (unfinished / "postgresql.conf").write_text("unfinished")
    new_server.start()
    assert query(new_server, "postgres", "select 1") == 1
    assert not aside.exists()


def test_a_server_that_cannot_start_says_why(own_server):
    own_server.start()
    own_server.stop()
    with (own_server.pgdata / "postgresql.conf").open("a") as file:
        file.write("shared_buffers = 'nonsense'\n")
    with pytest.raises(LocalError, match='invalid value for parameter "shared_buffers"'):
        own_server.start()


def test_a_foreign_folder_in_place_of_the_socket_folder_is_refused(tmp_path, own_server):
    server = EmbeddedServer(tmp_path / ("y" * 120) / "data")
    server.pgdata.parent.mkdir()
    server.socket_dir.symlink_to(tmp_path)
    try:
        with pytest.raises(LocalError, match="must be a folder of this user"):
            server.start()
    finally:
        server.socket_dir.unlink()


def test_names_are_quoted_in_a_dsn(tmp_path):
    dsn = EmbeddedServer(Path("/somewhere/data")).dsn("a b/c", user="reader")
    assert dsn == "postgresql://reader@/a%20b%2Fc?host=/somewhere/data"


def test_a_process_id_of_an_earlier_boot_is_not_alive():
    assert not ProcessId(os.getpid(), "another-boot", 0).is_alive


@pytest.fixture
def listening_server(made_folder, tmp_path):
    """A server that an address of the loopback network reaches, which no other process uses."""
    address = f"127.{os.getpid() >> 16 & 255}.{os.getpid() >> 8 & 255}.{os.getpid() % 254 + 1}"
    listening = Listening(address, "127.0.0.0/8", {OWNER: "it's % secret"})
    server = EmbeddedServer(tmp_path / "data", listening)
    copy(made_folder, server)
    server.start()
    server.create_database("shop")
    yield server, listening
    server.stop()


def test_machines_of_a_network_log_in_with_a_password(listening_server):
    server, listening = listening_server
    with closing(psycopg2.connect(listening.dsn("shop"))) as connection:
        assert connection.info.host == listening.address
    assert query(server, "shop", "select current_user") == OWNER
    wrong = Listening(listening.address, listening.network, {OWNER: "another"})
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(wrong.dsn("shop"))
    nobody = Listening(listening.address, listening.network, {SUPERUSER: "postgres"})
    with pytest.raises(psycopg2.OperationalError, match="no pg_hba"):
        psycopg2.connect(nobody.dsn("shop", SUPERUSER))


def test_a_client_that_is_cut_off_gives_up_before_its_server_does(listening_server):
    """So nobody else has its locks while it believes that it holds them."""
    _, listening = listening_server
    with connect(listening.dsn("shop"), connection_id="test", application_name="test") as database:
        names = ("idle", "interval", "count")
        with database.connection.cursor() as cursor:
            values = []
            for name in names:
                cursor.execute(f"show tcp_keepalives_{name}")
                values.append(int(cursor.fetchone()[0]))
        idle, interval, count = values
        with socket.socket(fileno=os.dup(database.connection.fileno())) as end:
            client = [end.getsockopt(socket.IPPROTO_TCP, option) for option in KEEPALIVE]
    assert client[0] + client[1] * client[2] < interval * count
    assert idle + interval * count <= 120
