import shipping_labels_next


def test_a():
    pass
