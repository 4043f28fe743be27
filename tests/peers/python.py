"""Says what a shop's backend says, through Segment's own library for Python, unchanged.

RAPPORT_URL and RAPPORT_KEY say where to and as whom.
"""

import datetime
import os
import sys

from segment.analytics.client import Client

failures = []
segment = Client(
    os.environ["RAPPORT_KEY"],
    host=os.environ["RAPPORT_URL"],
    gzip=os.environ.get("RAPPORT_GZIP") == "1",
    on_error=lambda error, _: failures.append(error),
    max_retries=1,
)
at = datetime.datetime.now(datetime.timezone.utc)
segment.identify("peer-python", {"email": "Ada@example.org", "country": "GB", "name": "Ada"}, anonymous_id="device-python", timestamp=at)
segment.track(
    "peer-python",
    "Order Completed",
    {
        "order_id": "P-1",
        "revenue": 25.0,
        "shipping": 4.5,
        "currency": "EUR",
        "products": [
            {"product_id": "bread-1", "name": "Sourdough", "price": 10.0, "quantity": 2},
            {"product_id": "knife-7", "name": "Bread knife", "price": 10.0, "quantity": 1},
        ],
    },
    timestamp=at,
)
segment.page("peer-python", "Guides", "Baking", {"path": "/guides/baking"}, timestamp=at)
segment.alias("device-python-old", "peer-python", timestamp=at)
segment.shutdown()
sys.exit(f"not delivered: {failures}" if failures else 0)
