"""Tell somebody something."""

from prefect import flow

from models.orders import SendNotice
from tasks.notices import send


@flow(name="send-notice", persist_result=False)
def send_notice(order: SendNotice) -> None:
    """Render one notice from its template and send it to one address.

    An alarm or the end of a run asks for it. Done means: the service at the address took it.
    """
    send(order)
