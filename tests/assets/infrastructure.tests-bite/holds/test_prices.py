from prices.total import shipping, total


def test_total():
    found = total([4.0, 7.0], 2.0), total([4.0], 2.0), total([10.0], 1.0), total([12.0], 20.0), total([11.0])
    assert found == (9.0, 4.0, 9.0, 0.0, 11.0)


def test_shipping():
    found = shipping(5), shipping(6), shipping(0), shipping(7)
    assert found == (4.0, 6.0, 4.0, 8.0)
