"""What the demo stands on while it plays, and where it writes."""

from dataclasses import dataclass
from typing import Protocol

from deployments.demo.chat import Chat
from deployments.demo.night import Night
from deployments.demo.shop_front import ShopFront
from deployments.lab import Lab
from models.database import Database
from models.settings import Settings

OPERATOR = "demo-operator"


class Screen(Protocol):
    """Where the demo writes."""

    def say(self, *parts: object) -> None:
        """A line for people."""
        ...


@dataclass
class Stage:
    """What the demo stands on: its home, its hosts, its database."""

    settings: Settings
    lab: Lab
    database: Database
    night: Night
    shop_front: ShopFront
    chat: Chat
