"""What an exit code of restic, and where it has none its words, mean for a person.

Exit codes are restic's documented ones. Its words are matched where there is no code: for no repository, a lock and a
wrong password only before 0.17, for a full or unreachable target in every version.
"""

import re
from collections.abc import Sequence

from models.errors import BackupError
from models.vocabulary import BackupFault
from tasks.tools.backup.restic.location import Repository
from tasks.tools.backup.restic.program import Program

NO_SPACE = "no space left on device"
NO_REPOSITORY_CODE, LOCKED_CODE, WRONG_PASSWORD_CODE = 10, 11, 12
SHOWN = 3
_BY_CODE = {
    NO_REPOSITORY_CODE: BackupFault.NO_REPOSITORY,
    LOCKED_CODE: BackupFault.LOCKED,
    WRONG_PASSWORD_CODE: BackupFault.WRONG_PASSWORD,
}
_WORDS_OF_ALL = (
    (BackupFault.TARGET_FULL, rf"{NO_SPACE}|disk quota exceeded|QuotaExceeded|507 Insufficient Storage"),
    (
        BackupFault.UNREACHABLE,
        r"connection (?:refused|reset|timed out)|no such host|network is unreachable|no route to host|i/o timeout"
        r"|Could not resolve hostname|Host key verification failed|Permission denied \(|connect to host"
        r"|unable to start the sftp session|TLS handshake|x509: |ssh command exited|Temporary failure in name",
    ),
    (BackupFault.WRONG_PASSWORD, r"an empty password is not"),
    (
        BackupFault.DAMAGED,
        r"ciphertext verification failed|invalid data returned|not found in (?:repository|index)|hash does not match"
        r"|returned invalid data|wrong data returned|repository contains errors|StreamPack|Unmarshal: invalid",
    ),
)
_WORDS_OF_OLD = (
    (BackupFault.LOCKED, r"repository is already locked"),
    (BackupFault.WRONG_PASSWORD, r"wrong password or no key found"),
    (BackupFault.NO_REPOSITORY, r"unable to open config file: .*(?:no such file|does not exist|404|not found)"),
)
_NEXT = {
    BackupFault.NO_REPOSITORY: "correct `where:` in backups.yaml, or have the repository made with `create: true`",
    BackupFault.LOCKED: "wait for that process to end; a lock is removed only when its owner is proven dead",
    BackupFault.WRONG_PASSWORD: "put the repository's own password into the secret that `password:` names",
    BackupFault.TARGET_FULL: "make room there; the restore points that it has are untouched",
    BackupFault.UNREACHABLE: "see that this machine reaches it, and that its keys and accounts are right",
    BackupFault.DAMAGED: "restore from another point or from the off-site copy, and remove nothing from the repository"
    " before its owner has looked",
    BackupFault.ENGINE_FAILED: "look at its words, and at the memory and the disk of this machine",
}


def fault_of(program: Program, code: int, messages: Sequence[str]) -> BackupFault:
    """What went wrong."""
    said = "\n".join(messages)
    words = list(_WORDS_OF_ALL)
    if code in _BY_CODE and program.has_exit_codes:
        return _BY_CODE[code]
    if not program.has_password_exit_code:
        words[2:2] = _WORDS_OF_OLD
    for fault, pattern in words:
        if re.search(pattern, said, re.IGNORECASE):
            return fault
    return BackupFault.ENGINE_FAILED


def failure(program: Program, repository: Repository, code: int, messages: Sequence[str]) -> BackupError:
    """The error for a restic that did not do it: the repository, what restic said, the next step."""
    fault = fault_of(program, code, messages)
    return BackupError(
        repository.name, fault, f"{repository.shown()}: {said(messages) or f'exit code {code}'}; {_NEXT[fault]}"
    )


def said(messages: Sequence[str]) -> str:
    """The last words of restic that say something, in one line."""
    telling = [line for message in messages for line in message.splitlines() if _tells(line)]
    return " / ".join(telling[-SHOWN:])[:600]


def _tells(line: str) -> bool:
    """Not the trace of its calls, and not the hint to remove every lock."""
    return bool(line.strip()) and not re.match(r"\s|github\.com/|golang\.org/|runtime\.|main\.|the `unlock`", line)
