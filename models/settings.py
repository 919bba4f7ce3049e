"""Settings: flag > environment (`WATCHBILL_*`, `*_FILE` for secrets) > default."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parent.parent
"""The checkout that runs: templates and shipped sites are found from here."""
DEFAULT_POOL = "watchbill"
WARM = "watchbill-warm"
"""The type of a work pool that our own warm workers serve; the others are Prefect's."""


class Settings(BaseSettings):
    """What differs between machines. Built once per process, by `settings()`."""

    model_config = SettingsConfigDict(env_prefix="WATCHBILL_", extra="ignore")

    home: Path = Field(default=Path("var"), description="State of this machine: database, Prefect, logs.")
    site: Path = Field(default=Path(), description="Folder of the site's YAML files; default: this folder.")
    database_url: SecretStr | None = Field(
        default=None, description="SQLAlchemy URL of the shared database; default: SQLite in the home."
    )
    database_url_file: Path | None = Field(default=None, description="File that holds the database URL.")
    templates: Path = Field(default=CHECKOUT / "templates", description="Folder of the templates.")
    secrets: Path | None = Field(
        default=None, description="Folder with one file per secret://name; default: in the home."
    )
    prefect_api_url: str | None = Field(
        default=None, description="A Prefect server to use; default: `watchbill up` starts its own."
    )
    work_pool: str = Field(
        default=DEFAULT_POOL,
        pattern=r"^[^/%&<>]+$",
        description="The Prefect work pool in which runs wait for a worker.",
    )
    work_pool_type: str = Field(
        default=WARM, min_length=1, description="Its type: `watchbill-warm`, or one of Prefect's, such as `process`."
    )
    desk_host: str = Field(default="127.0.0.1", min_length=1, description="The address at which the desk listens.")
    desk_port: int | None = Field(
        default=None, ge=0, le=65_535, description="Its port; default: 4280, or a free one when that is taken."
    )

    @property
    def secrets_folder(self) -> Path:
        """Where `secret://name` is looked for."""
        return self.secrets or self.home / "secrets"

    @property
    def anchors(self) -> Path:
        """The file outside the database that holds the journal's heads."""
        return self.home / "journal-anchors"

    def url(self) -> str:
        """The database URL. Raises ValueError when two different ones are given."""
        given = self.database_url.get_secret_value() if self.database_url else None
        file = self.database_url_file
        # `watchbill up` hands its parts the URL beside the name of the file that it came from.
        if given and file and not (file.is_file() and file.read_text().strip() == given):
            raise ValueError("WATCHBILL_DATABASE_URL and WATCHBILL_DATABASE_URL_FILE are both set: keep one")
        if given:
            return given
        return file.read_text().strip() if file else f"sqlite:///{(self.home / 'watchbill.db').resolve()}"
