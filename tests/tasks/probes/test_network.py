"""What keeps a probe over the network from its answer, without any server."""

import pytest

from models import clock
from models.site.probes import HttpProbe, TcpProbe, TlsProbe
from models.vocabulary import ProbeVerdict
from tasks.tools.probes.ports import is_for, read_tcp, read_tls
from tasks.tools.probes.web import read_http

NO_NAME = f"{'a' * 70}.example"
"""No label of DNS is so long."""


@pytest.mark.parametrize("address", [NO_NAME, "no-such-host.invalid", "300.1.2.3"])
def test_a_name_that_leads_nowhere_is_critical_and_no_error(address: str) -> None:
    found = (
        read_tcp(TcpProbe(address=address, port=9), 2),
        read_tls(TlsProbe(address=address), 2, clock.now()),
        read_http(HttpProbe(url=f"http://{address}/"), 2),
        read_http(HttpProbe(url=f"https://{address}:9/"), 2),
    )
    assert {one.verdict for one in found} == {ProbeVerdict.CRITICAL}
    assert all("cannot be reached: " in one.text for one in found), [one.text for one in found]


@pytest.mark.parametrize(
    ("name", "shown", "covers", "reason"),
    [
        ("shop.example", "shop.example", True, "the same"),
        ("SHOP.example.", "shop.Example", True, "case and a last dot mean nothing"),
        ("www.shop.example", "*.shop.example", True, "a star is one label"),
        ("a.www.shop.example", "*.shop.example", False, "and not two"),
        ("shop.example", "*.shop.example", False, "nor none"),
        ("shop.example", "*.example", False, "nobody owns a whole top level domain"),
        ("www.shop.example", "w*.shop.example", False, "half a label is none"),
        ("127.0.0.1", "127.0.0.1", True, "an address"),
        ("127.0.0.1", "*.0.0.1", False, "has no labels"),
        ("::1", "0:0:0:0:0:0:0:1", True, "and more than one spelling"),
        ("", "*.shop.example", False, "nothing is nobody"),
    ],
)
def test_a_certificate_is_for_a_name(name: str, shown: str, covers: bool, reason: str) -> None:
    assert is_for(name, shown) is covers, reason
