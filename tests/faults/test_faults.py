"""Each fault once, under load: nothing is lost, and the service comes back by itself.

`make faults` is the long form.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.campaign import Campaign
from tests.faults.catalogue import FAULTS, Fault
from tests.faults.lives import LivesWriter
from tests.faults.place import running_place
from tests.helpers.waiting import wait_until
from tests.helpers.writers import PicturesWriter


@pytest.fixture(scope="module")
def campaign() -> Iterator[Campaign]:
    with running_place(writers=6) as place:
        yield Campaign(place)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.inject.__name__)
def test_no_acknowledged_save_is_lost(campaign: Campaign, fault: Fault) -> None:
    if reason := fault.impossible(campaign.place):
        pytest.skip(reason)
    found = campaign.inject(fault)
    wrong, campaign.wrong = campaign.wrong, []
    assert not wrong
    assert found.checked >= len(campaign.place.writers)


def test_pictures_are_got_and_sent_by_their_addresses(campaign: Campaign) -> None:
    whole, by_address = (w for w in campaign.place.writers if isinstance(w, PicturesWriter))
    wait_until(lambda: whole.got and by_address.got and by_address.sent_by_address)
    assert not whole.sent_by_address


def test_drawings_are_imported_shared_taken_out_and_deleted(campaign: Campaign) -> None:
    (lives,) = (w for w in campaign.place.writers if isinstance(w, LivesWriter))
    wait_until(lambda: lives.lived)
