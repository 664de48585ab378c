"""Orders are what the file says, and nothing pays more back than was paid."""

import threading

import pytest

from agent import orders


def test_the_file_is_read():
    found = orders.read()
    assert len(found) == 8
    assert found[0] == orders.Order("o-1001", "c-17", "a kettle", 5990)


def test_money_is_paid_back_up_to_what_was_paid(shop):
    assert shop.refunded("o-1") == 0
    assert shop.pay_back("o-1", 4000) == 4000
    assert shop.pay_back("o-1", 2000) == 6000
    with pytest.raises(ValueError, match="no more than was paid"):
        shop.pay_back("o-1", 1)
    assert shop.refunded("o-1") == 6000


@pytest.mark.parametrize("cents", [0, -1, 6001])
def test_what_is_no_refund_is_none(shop, cents):
    with pytest.raises(ValueError, match="at least a cent"):
        shop.pay_back("o-1", cents)
    assert shop.pay_back("o-1", 1) == 1


def test_an_order_is_described_with_what_is_left(shop, customer):
    shop.pay_back("o-1", 100)
    found = shop.entity("o-1")
    assert (found.type, found.id) == ("Order", "o-1")
    assert found.attributes["paid_cents"] == 6000
    assert found.attributes["refunded_cents"] == 100
    assert found.attributes["customer"].id == customer
    with pytest.raises(KeyError):
        shop.entity("o-9")


def test_many_at_once_pay_no_more_than_was_paid(shop):
    def pay():
        for _ in range(30):
            try:
                shop.pay_back("o-1", 100)
            except ValueError:
                return

    threads = [threading.Thread(target=pay) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.refunded("o-1") == 6000
