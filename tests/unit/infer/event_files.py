"""Files of events, as shops write them."""

import numpy as np

HEADER = (
    "line_id,order_id,customer_id,ordered_at,shipped_at,product_id,product_name,channel,price,qty"
)


def order_lines(customers=120, lines=1200, items=40, seed=3, days=400):
    """Lines of orders of two tastes, as rows of texts under `HEADER`."""
    rng = np.random.default_rng(seed)
    rows = []
    start = np.datetime64("2024-01-01T00:00")
    for number in range(lines):
        customer = int(rng.integers(customers))
        item = int(rng.integers(items // 2)) + items // 2 * (customer % 2)
        at = start + np.timedelta64(int(rng.integers(days * 1440)), "m")
        shipped = at + np.timedelta64(2, "D")
        quantity = int(rng.integers(1, 4))
        channel = ("web", "shop", "phone")[int(rng.integers(3))]
        price = f"{(item + 1) * 1.25 * quantity:.2f}"
        rows.append(
            [
                str(10_000 + 7 * number),
                str(500 + number // 2),
                f"C{customer:03d}",
                f"{at}:00Z",
                f"{shipped}:00Z",
                f"P{item:03d}",
                f"Secret thing {item}",
                channel,
                price,
                str(quantity),
            ]
        )
    return rows


def content(rows, header=HEADER):
    """The bytes of a CSV file."""
    return "\n".join([header, *(",".join(row) for row in rows)]).encode()


def without(rows, *names):
    """The rows without some columns, and the header for them."""
    columns = HEADER.split(",")
    kept = [place for place, name in enumerate(columns) if name not in names]
    return [[row[place] for place in kept] for row in rows], ",".join(columns[p] for p in kept)


def people(customers=120):
    """A file of the customers of `order_lines`."""
    rows = [
        f"C{n:03d},{n},{18 + n % 50},{'ABC'[n % 3]}town,{n % 7},2023-01-{1 + n % 28:02d}"
        for n in range(customers)
    ]
    return "\n".join(["id,number,age,city,spend_365d,joined", *rows]).encode()
