"""The words of the service catalogue: what people may ask for."""

from enum import StrEnum


class FieldType(StrEnum):
    """What kind of answer a field of a form takes."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    MAIL = "mail"
    CHOICE = "choice"
    FILE = "file"
    PERSON = "person"
    HOST = "host"
    SERVICE = "service"


class FileKind(StrEnum):
    """What a file that belongs to a request may be; its name and its bytes must both say so."""

    TEXT = "text"
    PDF = "pdf"
    PNG = "png"
    JPEG = "jpeg"


class ItemRisk(StrEnum):
    """How much harm a wrongly fulfilled request of the item can do."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ForOthers(StrEnum):
    """For whom else than oneself an item may be ordered."""

    NOBODY = "nobody"
    REPORTS = "reports"  # those who report to the requester, however many managers are between
    ANYBODY = "anybody"


class CostPer(StrEnum):
    """How often the cost of an item is paid."""

    ONCE = "once"
    MONTH = "month"


class PlanKind(StrEnum):
    """What a step of a fulfilment plan is."""

    RUN = "run"  # commands on one host
    JOB = "job"  # a run of a named job
    MANUAL = "manual"  # work for a team
