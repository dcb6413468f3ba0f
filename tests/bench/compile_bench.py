"""A 20-line query to a plan document, beside prqlc and sqlglot on the same query in their languages."""

from __future__ import annotations

from collections.abc import Callable

SCHEMA = """
table customers { id uuid key, region text, name text, created_at timestamp }
table orders {
  id uuid key
  customer_id uuid -> customers reverse orders
  placed_at timestamp
  amount decimal(12, 2)
  status text
  channel text
}
policy open on customers, orders for read using true
"""

LIQ = """
--- What each customer bought, by month and channel.
query sales.by_customer(
  $from: timestamp,
  $region: text,
) = read orders o
  join customers c on c.id = o.customer_id {
    c.region
    c.name
    month: date_trunc('month', o.placed_at)
    web: sum(o.amount where o.channel = 'web')
    store: sum(o.amount where o.channel = 'store')
    total: sum(o.amount)
    n: count()
  }
  where o.placed_at >= $from
    and c.region = $region
    and o.status in ('paid', 'shipped')
  group region, name, month
  | where total > 100
  order total desc, region, name, month
  limit 50
"""

PRQL = """
from o = orders
join c = customers (c.id == o.customer_id)
filter o.placed_at >= $1
filter c.region == $2
filter o.status == 'paid' || o.status == 'shipped'
derive {
  month = s"date_trunc('month', {o.placed_at})",
  in_web = case [o.channel == 'web' => o.amount, true => null],
  in_store = case [o.channel == 'store' => o.amount, true => null],
}
group {c.region, c.name, month} (
  aggregate {
    web = sum in_web,
    store = sum in_store,
    total = sum o.amount,
    n = count this,
  }
)
filter total > 100
sort {-total, c.region, c.name, month}
take 50
"""

SQL = """
select c.region, c.name, date_trunc('month', o.placed_at) as month,
  sum(o.amount) filter (where o.channel = 'web') as web,
  sum(o.amount) filter (where o.channel = 'store') as store,
  sum(o.amount) as total,
  count(*) as n
from orders o
join customers c
  on c.id = o.customer_id
where o.placed_at >= $1
  and c.region = $2
  and o.status in ('paid', 'shipped')
group by c.region,
  c.name,
  date_trunc('month', o.placed_at)
having sum(o.amount) > 100
order by total desc,
  c.region, c.name, month
limit 50
"""


def contenders() -> dict[str, Callable[[], object]]:
    """Each compiles the query once; warmed up by the caller."""
    import prqlc
    import sqlglot
    from sqlglot.optimizer import optimize

    import liq

    schema = liq.load_schema(SCHEMA)
    options = prqlc.CompileOptions(format=False, signature_comment=False, target="sql.postgres")
    types: dict[str, object] = {
        "orders": {"id": "uuid", "customer_id": "uuid", "placed_at": "timestamptz", "amount": "decimal", "status": "text", "channel": "text"},
        "customers": {"id": "uuid", "region": "text", "name": "text", "created_at": "timestamptz"},
    }  # fmt: skip
    return {
        "liq": lambda: liq.compile(LIQ, schema=schema).document,
        "prqlc": lambda: prqlc.compile(PRQL, options),
        "sqlglot (parse, qualify and optimise, print)": lambda: optimize(sqlglot.parse_one(SQL, dialect="postgres"), schema=types, dialect="postgres").sql("postgres"),
    }
