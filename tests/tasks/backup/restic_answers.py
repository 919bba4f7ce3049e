"""What restic 0.14.0 (Debian 12) and 0.18.0 (Debian 13) were heard to say, with other paths."""

import json

LOCKED = (
    "unable to create lock in backend: repository is already locked by PID 528 on vm by root (UID 0, GID 0)\n"
    "lock was created at 2026-11-22 03:39:42 (4.577802218s ago)\n"
    "storage ID d96d3ba7\n"
    "the `unlock` command can be used to remove stale locks"
)
NO_REPOSITORY = (
    "unable to open config file: stat repo/config: no such file or directory\n"
    "Is there a repository at the following location?\nrepo"
)
REFUSED = (
    'Fatal: unable to open config file: client.Head: Head "http://127.0.0.1:1/config": dial tcp 127.0.0.1:1: connect: '
    "connection refused\nIs there a repository at the following location?\nrest:http://127.0.0.1:1/\n"
)
RETRYING = (
    'Stat(<config/>) returned error, retrying after 1m27s: Head "http://:***@127.0.0.1:1/config": '
    "dial tcp 127.0.0.1:1: connect: connection refused\n"
)
PACK = "1414e6b70fcfc1afede68ef53bffc5ad240887ffb82c35d3899c4e91e591ba0f"
TRACE = (
    "id 60458a9cf259efdcc91cb998e1665122cbbb341782c27d19399cf1d23ce86dfa not found in repository\n"
    "github.com/restic/restic/internal/repository.(*Repository).LoadBlob\n"
    "\tgithub.com/restic/restic/internal/repository/repository.go:256\nruntime.goexit\n\truntime/asm_amd64.s:1594\n"
)
SUMMARY_OLD = (
    '{"message_type":"status","percent_done":0.5,"total_files":3,"files_done":1,"total_bytes":900,"bytes_done":400}\n'
    '{"message_type":"summary","files_new":3,"data_added":901,"total_files_processed":3,"total_bytes_processed":900,'
    '"total_duration":0.27,"snapshot_id":"238c3fa2"}\n'
)


def exit_error(code: int, message: str) -> str:
    """The last line of a newer restic that was asked for JSON."""
    return json.dumps({"message_type": "exit_error", "code": code, "message": message}) + "\n"


def snapshot(point_id: str, time: str, *tags: str, **more: object) -> dict[str, object]:
    """One of `restic snapshots --json`."""
    return {
        "time": time,
        "tree": "351e0af04590e162b006ebd3ce83e0b2b4f313bd8b898d6b07be0a78159de8a3",
        "paths": ["/srv/data"],
        "hostname": "web1",
        "username": "root",
        "tags": list(tags),
        "id": point_id,
        "short_id": point_id[:8],
        **more,
    }


def listed(*snapshots: dict[str, object]) -> str:
    """The whole answer of `restic snapshots --json`."""
    return json.dumps(list(snapshots)) + "\n"
